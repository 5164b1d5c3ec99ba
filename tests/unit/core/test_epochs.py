from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import epochs
from lvsm.core.epochs import FIRST, MARKS
from lvsm.core.generation import Epoch
from lvsm.core.replication.ballots import Ballot

marks = st.integers(0, MARKS - 1)
some = st.just(FIRST) | st.builds(epochs.begun, st.integers(1, 1000 * MARKS), marks)
texts = st.text(max_size=10)
runs = st.builds(Ballot, round=st.integers(0, 9), node=texts, run=texts)


@given(some, marks)
def test_a_forced_save_begins_an_epoch_after_every_one_it_met(met: int, mark: int) -> None:
    begun = epochs.begun(met, mark)
    assert begun > met
    assert epochs.count(begun) == epochs.count(met) + 1


@given(some, marks, marks)
def test_who_counts_alike_is_told_apart_and_the_count_decides_first(
    met: int, one: int, other: int
) -> None:
    first, second = epochs.begun(met, one), epochs.begun(met, other)
    assert (first == second) == (one == other)
    assert epochs.begun(first, other) > second


@given(st.lists(runs, max_size=8))
def test_marks_tell_runs_apart_and_are_the_same_in_every_round(ballots: list[Ballot]) -> None:
    told = {f"{ballot.node} {ballot.run}": ballot.mark for ballot in ballots}
    assert len(set(told.values())) == len(told)
    assert all(0 <= mark < MARKS for mark in told.values())
    assert all(told[f"{ballot.node} {ballot.run}"] == ballot.mark for ballot in ballots)


@pytest.mark.parametrize(
    ("epoch", "name"), [(FIRST, "1"), (MARKS + 7, "2.000000007"), (12 * MARKS, "13.000000000")]
)
def test_its_name(epoch: int, name: str) -> None:
    assert epochs.name(epoch) == name


@given(st.lists(some, max_size=5))
def test_names_of_one_width_sort_as_epochs_do(many: list[int]) -> None:
    named = [epochs.name(epoch, width=6) for epoch in many]
    assert sorted(named) == [epochs.name(epoch, width=6) for epoch in sorted(many)]


def test_there_is_room_for_millions_of_forced_saves() -> None:
    last = epochs.begun(9_000_000 * MARKS, MARKS - 1)
    assert msgspec.json.decode(msgspec.json.encode(last), type=Epoch) == last
