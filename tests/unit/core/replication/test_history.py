from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.generation import Generation
from lvsm.core.replication.history import (
    History,
    Record,
    digest,
    displaced,
    inventory,
    lacking,
    line,
    merge,
    newest,
    record,
    remember,
)
from tests.unit.core.replication.samples import patient

HASHES = [f"{index:064x}" for index in range(8)]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Record]:
    """Of a few generations that all nodes know by the same places and parents."""
    chosen = draw(st.dictionaries(st.sampled_from(range(1, 8)), st.booleans()))
    return {
        HASHES[n]: Record(order=(1 + n // 4, n, HASHES[n]), parent=HASHES[n // 2], decided=decided)
        for n, decided in chosen.items()
    }


@patient
@given(histories(), histories(), histories())
def test_merging_commutes_repeats_and_groups_as_it_likes(
    a: History, b: History, c: History
) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(a, a) == a
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@patient
@given(histories(), histories())
def test_merging_takes_nothing_away(a: History, b: History) -> None:
    merged = merge(a, b)
    assert merged.keys() == a.keys() | b.keys()
    for side in (a, b):
        assert all(merged[key].decided >= known.decided for key, known in side.items())


@patient
@given(histories())
def test_everything_is_on_the_heads_line_or_displaced(known: History) -> None:
    head = newest(known)
    kept = line(known, head.hash) if head else ()
    aside = [entry.hash for entry in displaced(known)]
    assert sorted([*kept, *aside]) == sorted(known)
    if head is not None:
        assert kept[0] == head.hash
        assert all(e.order <= head.order for e in known.values() if e.decided)


@patient
@given(histories(), histories())
def test_what_is_lacking_is_what_makes_both_equal(a: History, b: History) -> None:
    fetched = lacking(a, inventory(b), most=100)
    assert merge(a, {key: b[key] for key in fetched}) == merge(a, b)
    assert (digest(a) == digest(b)) == (a == b)
    few = lacking(a, inventory(b), most=2)
    assert few == fetched[:2]


def test_a_doubtful_generation_is_never_the_head_until_it_is_decided() -> None:
    first = Generation(number=1, text="a")
    second = Generation(number=2, text="b", parent=first.hash)
    known = remember({}, first, decided=True)
    known = remember(known, second, decided=False)
    assert newest(known) == record(first, decided=True)
    assert [entry.hash for entry in displaced(known)] == [second.hash]
    known = remember(known, second, decided=True)
    assert newest(known) == record(second, decided=True)
    assert displaced(known) == ()
    assert remember(known, second, decided=False) == known


def test_a_line_that_bites_its_tail_comes_to_an_end() -> None:
    loop = Record(order=(1, 1, HASHES[1]), parent=HASHES[1], decided=True)
    assert line({HASHES[1]: loop}, HASHES[1]) == (HASHES[1],)
    assert newest({}) is None
