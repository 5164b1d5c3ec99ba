from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import overlay as module
from lvsm.core.overlay import (
    MOST_IN_MESSAGE,
    NOTHING,
    BadOverlayError,
    Entry,
    Kind,
    Object,
    Overlay,
    OverlayFullError,
    Word,
    entries_in,
    merge,
    messages,
    parse,
    render,
    say,
    without_tombstones,
)

DRAINED = Object(kind=Kind.STATE, node="rs1", vip="web")
WEIGHED = Object(kind=Kind.WEIGHT, node="rs1", vip="web")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from(Kind))
    words = sorted(module.FITTING[kind])
    values: list[st.SearchStrategy[int | Word | None]] = [st.none()]
    if words:
        values.append(st.sampled_from(words))
    if kind is Kind.WEIGHT:
        values.append(st.integers(0, 65535))
    vip = "" if kind is Kind.STANDBY else draw(st.sampled_from(["web", "dns"]))
    return Entry(
        object=Object(kind=kind, node=draw(st.sampled_from(["rs1", "rs2"])), vip=vip),
        value=draw(st.one_of(values)),
        author=draw(st.sampled_from(["ann", "bob"])),
        reason=draw(st.text(max_size=5)),
        at=draw(st.floats(0, 2**31)),
        version=(draw(st.integers(1, 2)), draw(st.integers(0, 3)), draw(st.sampled_from("ab"))),
    )


overlays = st.lists(entries(), max_size=8).map(lambda found: merge(NOTHING, found))


def said(overlay: Overlay, wanted: Object, value: int | Word | None, node: str = "dir1") -> Overlay:
    return say(overlay, wanted, value, author="ann", reason="why", at=5.0, epoch=1, node=node)


@given(st.lists(entries(), max_size=4))
def test_the_order_of_what_is_heard_does_not_matter(found: list[Entry]) -> None:
    assert len({render(merge(NOTHING, order)) for order in permutations(found)}) == 1


@given(overlays, overlays, overlays)
def test_merging_is_a_semilattice(a: Overlay, b: Overlay, c: Overlay) -> None:
    def join(x: Overlay, y: Overlay) -> Overlay:
        return merge(x, y.entries.values())

    assert join(a, b) == join(b, a)
    assert join(join(a, b), c) == join(a, join(b, c))
    assert join(a, a) is a


@given(overlays)
def test_the_file_and_the_messages_carry_all_of_it(overlay: Overlay) -> None:
    assert parse(render(overlay)) == overlay
    carried = [entry for message in messages(overlay) for entry in entries_in(message)]
    assert merge(NOTHING, carried) == overlay


@given(overlays, entries())
def test_what_is_said_later_wins_on_every_node(overlay: Overlay, entry: Entry) -> None:
    after = said(overlay, entry.object, entry.value)
    assert merge(overlay, after.entries.values()) == after
    assert merge(after, overlay.entries.values()) is after


@given(st.binary(max_size=40))
def test_junk_is_refused(data: bytes) -> None:
    for read in (parse, entries_in):
        try:
            read(data)
        except BadOverlayError:
            continue


def test_a_removal_is_not_undone_by_a_node_that_was_away() -> None:
    drained = said(NOTHING, DRAINED, Word.DRAINING)
    enabled = said(drained, DRAINED, None)
    assert merge(enabled, drained.entries.values()).get(DRAINED) is None
    assert merge(drained, enabled.entries.values()).get(DRAINED) is None


def test_two_sides_of_a_partition_lose_nothing_that_was_said_of_different_objects() -> None:
    left = said(NOTHING, DRAINED, Word.DRAINING, "dir1")
    right = said(NOTHING, WEIGHED, 7, "dir2")
    both = merge(left, right.entries.values())
    assert [entry.value for entry in both.live()] == [Word.DRAINING, 7]


def test_a_later_epoch_wins_over_a_higher_count() -> None:
    low = said(said(NOTHING, WEIGHED, 1), WEIGHED, 2)
    high = say(NOTHING, WEIGHED, 3, author="b", reason="", at=1.0, epoch=2, node="dir2")
    entry = merge(low, high.entries.values()).get(WEIGHED)
    assert entry is not None
    assert entry.value == 3


def test_the_digest_is_of_what_holds() -> None:
    drained = said(NOTHING, DRAINED, Word.DRAINING)
    assert drained.digest != NOTHING.digest
    assert said(drained, DRAINED, None).digest == NOTHING.digest


def test_tombstones_are_dropped_by_age_and_nothing_else_is() -> None:
    overlay = said(said(said(NOTHING, DRAINED, Word.DRAINING), DRAINED, None), WEIGHED, 3)
    assert without_tombstones(overlay, before=5.0) is overlay
    assert list(without_tombstones(overlay, before=5.1).entries) == [WEIGHED]


@pytest.mark.parametrize(
    "text",
    [
        b'[{"object":{"kind":"weight","node":"a"},"value":1,"author":"x","at":1,"version":[1,1,"a"]}]',
        b'[{"object":{"kind":"state","node":"a"},"value":1,"author":"x","at":1,"version":[1,1,"a"]}]',
        b'[{"object":{"kind":"standby","node":"a","vip":"w"},"value":"standby","author":"x","at":1,'
        b'"version":[1,1,"a"]}]',
    ],
)
def test_what_fits_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(BadOverlayError):
        entries_in(text)


def test_it_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LIVE", 1)
    monkeypatch.setattr(module, "MOST_HELD", 1)
    full = said(NOTHING, DRAINED, Word.DRAINING)
    with pytest.raises(OverlayFullError):
        said(full, WEIGHED, 3)
    assert said(full, DRAINED, Word.DISABLED).count == 1
    with pytest.raises(OverlayFullError):
        merge(full, said(NOTHING, WEIGHED, 3).entries.values())


def test_long_overlays_travel_in_parts() -> None:
    entry = next(said(NOTHING, WEIGHED, 3).live())
    objects = [Object(kind=Kind.WEIGHT, node="n", vip=f"v{n}") for n in range(MOST_IN_MESSAGE + 1)]
    overlay = Overlay(entries={o: _with(entry, o) for o in objects})
    assert [len(entries_in(part)) for part in messages(overlay)] == [MOST_IN_MESSAGE, 1]


def _with(entry: Entry, wanted: Object) -> Entry:
    return Entry(object=wanted, value=entry.value, author="a", at=entry.at, version=entry.version)
