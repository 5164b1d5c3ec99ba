from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.replication.messages import (
    BadMessageError,
    Envelope,
    Message,
    Prepare,
    decode,
    encode,
)
from tests.unit.core.replication.samples import (
    BALLOT,
    MESSAGES,
    PARENT,
    envelope,
    envelopes,
    patient,
)

VERSION_1 = Path(__file__).parent / "messages_version_1.jsonl"
"""What version 1 sends, recorded. It is never edited: what later versions cannot read breaks
clusters in the middle of an upgrade."""


@patient
@given(envelopes)
def test_round_trip(message: Envelope) -> None:
    data = encode(message)
    assert decode(data) == message
    assert encode(decode(data)) == data


def test_the_recorded_messages_of_version_1_are_read_and_written() -> None:
    recorded = VERSION_1.read_bytes().splitlines()
    assert [decode(line) for line in recorded] == [envelope(message) for message in MESSAGES]
    assert [encode(envelope(message)) for message in MESSAGES] == recorded


def test_every_kind_is_recorded() -> None:
    assert {type(message) for message in MESSAGES} == set(get_args(Message))


def changed(path: str, value: Any) -> bytes:
    """A good message with one thing changed: the value at a path of keys, taken out if it is ..."""
    document = json.loads(encode(envelope(Prepare(parent=PARENT, ballot=BALLOT))))
    *way, last = path.split(".")
    place = document
    for key in way:
        place = place[key]
    index = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[index]
    else:
        place[index] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sender", "", "`$.sender`"),
        ("sender", ..., "`sender`"),
        ("sender", "x" * 256, "`$.sender`"),
        ("genesis", "12", "`$.genesis`"),
        ("incarnation", 7, "`$.incarnation`"),
        ("surplus", 1, "`surplus`"),
        ("message.kind", "beg", "`$.message.kind`"),
        ("message.surplus", 1, "`surplus`"),
        ("message.ballot", ..., "`ballot`"),
        ("message.ballot.round", -1, "`$.message.ballot.round`"),
        ("message.ballot.round", 2**53, "`$.message.ballot.round`"),
        ("message.ballot.round", "3", "`$.message.ballot.round`"),
        ("message.ballot.round", True, "`$.message.ballot.round`"),
        ("message.parent.0", 0, "`$.message.parent[0]`"),
        ("message.parent.2", "AB" * 32, "`$.message.parent[2]`"),
        ("message.parent", [1, 2], "`$.message.parent`"),
        ("message.parent.1", ..., "`$.message.parent"),
        ("message.forced", 1, "`$.message.forced`"),
        ("version", "1", "`$.version`"),
        ("version", ..., "`version`"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(path: str, value: Any, said: str) -> None:
    with pytest.raises(BadMessageError) as refused:
        decode(changed(path, value))
    assert refused.value.code == "bad-message"
    assert said in refused.value.message


@pytest.mark.parametrize("version", [0, 2, -1, 2**70])
def test_another_version_is_told_before_anything_else_is_read(version: int) -> None:
    data = json.dumps({"version": version, "what": "ever"}).encode()
    with pytest.raises(BadMessageError, match="speaks version 1") as refused:
        decode(data)
    assert refused.value.code == "message-version"


@given(st.binary(max_size=60))
def test_junk_is_refused(data: bytes) -> None:
    with suppress(BadMessageError):
        decode(data)


@patient
@given(envelopes, st.data())
def test_a_torn_or_changed_message_is_read_or_refused(
    message: Envelope, data: st.DataObject
) -> None:
    whole = encode(message)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BadMessageError):
        decode(whole[:cut])
    with suppress(BadMessageError):
        decode(whole[:cut] + data.draw(st.binary(min_size=1, max_size=1)) + whole[cut + 1 :])


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(BadMessageError):
        decode(b'{"version": 1, "x": ' + b"[" * 100_000)
