from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import epochs
from lvsm.core.generation import EMPTY, Generation
from lvsm.core.recalling import RecallError, State, find, newest_first, states
from lvsm.core.replication.history import Record, remember

FORCED = epochs.begun(1, 483920175)


def after(
    parent: Generation, text: str, *, epoch: int = 1, number: int | None = None
) -> Generation:
    return Generation(
        number=parent.number + 1 if number is None else number,
        epoch=epoch,
        text=text,
        parent=parent.hash,
    )


FIRST = after(EMPTY, "1")
SECOND = after(FIRST, "2")
DISPLACED = after(SECOND, "3 of the minority")
DOUBTFUL = after(SECOND, "3 that nobody finished")
HEAD = after(SECOND, "3", epoch=FORCED)
FOURTH_DISPLACED = after(DISPLACED, "4")


def past(*decided: Generation, doubtful: tuple[Generation, ...] = ()) -> dict[str, Record]:
    history: dict[str, Record] = {}
    for generation in decided:
        history = remember(history, generation, decided=True)
    for generation in doubtful:
        history = remember(history, generation, decided=False)
    return history


HISTORY = past(FIRST, SECOND, DISPLACED, HEAD, FOURTH_DISPLACED, doubtful=(DOUBTFUL,))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("1", FIRST),
        ("2", SECOND),
        ("3", HEAD),
        ("3@2.483920175", HEAD),
        ("4", FOURTH_DISPLACED),
        ("2@1", SECOND),
        (DISPLACED.hash[:8], DISPLACED),
        (DOUBTFUL.hash, DOUBTFUL),
    ],
)
def test_a_generation_is_meant_by_number_by_epoch_or_by_hash(word: str, meant: Generation) -> None:
    found = find(HISTORY, HEAD, word)
    assert found is not None
    assert found.hash == meant.hash


def test_generation_0_is_the_empty_text() -> None:
    assert find(HISTORY, HEAD, "0") is None
    assert find({}, EMPTY, "0") is None


def test_what_could_be_several_is_asked_back_with_their_names() -> None:
    with pytest.raises(RecallError) as caught:
        find(HISTORY, HEAD, "3@1")
    assert caught.value.code == "ambiguous-generation"
    assert DISPLACED.hash[:8] in caught.value.message
    assert DOUBTFUL.hash[:8] in caught.value.message


@pytest.mark.parametrize("word", ["7", "1@2.483920175", "3@9", "3@x", "latest", "-1", "0" * 63])
def test_what_is_not_there_is_refused(word: str) -> None:
    with pytest.raises(RecallError) as caught:
        find(HISTORY, HEAD, word)
    assert caught.value.code == "unknown-generation"


def test_states_tell_what_was_displaced() -> None:
    assert states(HISTORY, HEAD, used=HEAD.hash) == {
        FIRST.hash: State.SAVED,
        SECOND.hash: State.SAVED,
        DISPLACED.hash: State.CONFLICT,
        DOUBTFUL.hash: State.CONFLICT,
        FOURTH_DISPLACED.hash: State.CONFLICT,
        HEAD.hash: State.IN_USE,
    }
    waiting = Generation(number=4, epoch=FORCED, text="", parent=HEAD.hash, confirm_by=5.0)
    for used in (waiting, HEAD):
        found = states(past(FIRST, SECOND, HEAD, waiting), waiting, used=used.hash)
        assert found[waiting.hash] is State.UNCONFIRMED
        assert found[HEAD.hash] is (State.IN_USE if used is HEAD else State.SAVED)


def test_the_newest_comes_first_and_generation_0_not_at_all() -> None:
    assert [r.order[:2] for r in newest_first(HISTORY, HEAD)][:2] == [(FORCED, 3), (1, 4)]
    assert newest_first({}, EMPTY) == []


@given(st.text())
def test_no_word_raises_anything_else(word: str) -> None:
    with suppress(RecallError):
        find(HISTORY, HEAD, word)


@given(st.integers(1, 9), st.integers(0, 10**9 - 1))
def test_an_epoch_is_named_and_found_again(count: int, mark: int) -> None:
    begun = epochs.begun(count * epochs.MARKS, mark)
    assert epochs.named(epochs.name(begun)) == begun
    assert epochs.named(epochs.name(count)) == count
    assert epochs.named("1.2") is None
