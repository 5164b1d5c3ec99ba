"""Two versions of LVSM side by side: what one tells the other, as documents of a recorded version.

A newer node's documents have fields and kinds that this version does not know; an older one's lack
fields that this version has. Either way the nodes understand each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lvsm.core import facts, generation, overlay
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts, Machine
from lvsm.core.generation import BadGenerationError, Generation
from lvsm.core.overlay import BadOverlayError, Entry, Kind, Object, Overlay, Word, entries_in
from lvsm.core.replication import messages

HERE = Path(__file__).parent / "recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A kind of document: what was said, and how it is written and read."""

    said: Sequence[Any]
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def entry(value: int | Word | None, **of: Any) -> Entry:
    return Entry(
        object=Object(**of),
        value=value,
        author="ann",
        reason="kernel update",
        at=1764061200.25,
        version=(1, 7, "dir1"),
    )


ENTRIES = [
    entry(Word.DRAINING, kind=Kind.STATE, node="rs1", vip="web", port=8080),
    entry(Word.DISABLED, kind=Kind.STATE, node="rs2"),
    entry(20, kind=Kind.WEIGHT, node="rs1", vip="web"),
    entry(None, kind=Kind.WEIGHT, node="rs3", vip="web"),
    entry(Word.STANDBY, kind=Kind.STANDBY, node="dir2"),
]
DOCUMENTS = {
    "facts": Document(
        said=[
            Facts(node="dir2", version="2.0.0", order=(1, 0, ""), eligible=False),
            Facts(
                node="dir1",
                version="2.0.0",
                order=(1, 12, "ab" * 32),
                eligible=True,
                reason="",
                holds=("g1", "g2"),
                offers=("g2",),
                address="10.1.0.11",
                addresses=("10.1.0.11/24", "2001:db8::11/64"),
                ipvs=True,
                applied=True,
                problems=("eth2 has no carrier",),
                overlay="cd" * 16,
                schedulers=("rr", "wlc"),
                machine=Machine(kernel="6.12.1", load=0.25, uptime_s=86400.5, free_bytes=10**9),
            ),
        ],
        encode=facts.encode,
        decode=facts.decode,
    ),
    "overlay": Document(
        said=[ENTRIES[:1], ENTRIES],
        encode=msgspec.json.encode,
        decode=entries_in,
    ),
    "generation": Document(
        said=[
            Generation(number=0, text=""),
            Generation(
                number=13,
                text='[cluster]\nname = "www"  # Grüße\n',
                epoch=2483920175,
                author="ann",
                node="dir1",
                comment="add tls",
                saved_at=1764061200.25,
                parent="ab" * 32,
                groups={"g1": ("mail", "web")},
                request="01JDH8",
                voters={"dir1": "7d21", "dir2": ""},
                confirm_by=1764061500.25,
            ),
        ],
        encode=generation.encode,
        decode=generation.decode,
    ),
}
kinds = pytest.mark.parametrize("name", DOCUMENTS)


def recorded(name: str) -> list[bytes]:
    return (HERE / f"{name}_version_1.jsonl").read_bytes().splitlines()


@kinds
def test_what_version_1_says_means_the_same(name: str) -> None:
    document = DOCUMENTS[name]
    assert [document.decode(line) for line in recorded(name)] == list(document.said)


@kinds
def test_an_older_version_finds_in_it_what_version_1_says(name: str) -> None:
    document = DOCUMENTS[name]
    for said, line in zip(document.said, recorded(name), strict=True):
        assert _within(json.loads(line), json.loads(document.encode(said)))


def _within(old: Any, new: Any) -> bool:
    """Whether all that `old` says stands in `new`, which may have more fields."""
    if isinstance(old, dict):
        return all(key in new and _within(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and len(old) == len(new):
        return all(map(_within, old, new))
    return bool(old == new)


def test_a_generation_is_written_as_it_was_since_its_hash_depends_on_that() -> None:
    said = DOCUMENTS["generation"].said
    assert [generation.encode(one) for one in said] == recorded("generation")


def with_more(document: Any) -> Any:
    """The document as a later version might write it: a field more in each object."""
    if isinstance(document, dict):
        return {**{key: with_more(value) for key, value in document.items()}, "later": [1]}
    if isinstance(document, list):
        return [with_more(value) for value in document]
    return document


def test_facts_with_fields_of_a_later_version_are_read() -> None:
    for line, said in zip(recorded("facts"), DOCUMENTS["facts"].said, strict=True):
        assert facts.decode(json.dumps(with_more(json.loads(line))).encode()) == said


def test_an_entry_with_a_field_of_a_later_version_is_read() -> None:
    told = [{**entry, "later": 1} for entry in json.loads(recorded("overlay")[-1])]
    assert entries_in(json.dumps(told).encode()) == ENTRIES


@pytest.mark.parametrize(
    "change",
    [
        {"object": {"kind": "mirror", "node": "rs1"}},
        {"object": {"kind": "state", "node": "rs1", "zone": "left"}},
        {"value": "quarantined"},
        {"version": [1, 7, "dir1", "more"]},
    ],
)
def test_an_entry_that_only_a_later_version_knows_takes_no_other_with_it(
    change: dict[str, Any],
) -> None:
    told = json.loads(recorded("overlay")[-1])
    told[1:1] = [{**told[0], **change}]
    assert entries_in(json.dumps(told).encode()) == ENTRIES
    with pytest.raises(BadOverlayError):
        entries_in(json.dumps(told[1:2]).encode())


def test_an_overlay_file_of_a_later_version_with_the_same_number_is_read() -> None:
    whole = Overlay(entries={found.object: found for found in ENTRIES})
    file = json.loads(overlay.render(whole))
    file["entries"] = [{**found, "later": 1} for found in file["entries"]]
    assert overlay.parse(json.dumps(file).encode()) == whole


def test_a_generation_is_never_read_in_part() -> None:
    """Its hash is over all that it says: what is not known cannot be left out."""
    told = json.loads(recorded("generation")[-1])
    with pytest.raises(BadGenerationError):
        generation.decode(json.dumps({**told, "later": 1}).encode())


def test_a_message_about_saves_of_another_version_is_told_apart_from_a_broken_one() -> None:
    with pytest.raises(LvsmError) as refused:
        messages.decode(b'{"version": 2, "later": {}}')
    assert refused.value.code == "message-version"
