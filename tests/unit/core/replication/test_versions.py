from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.replication.messages import VERSION
from lvsm.core.replication.versions import SPOKEN, agreed, features

versions = st.sets(st.integers(1, 9))
words = st.lists(st.sampled_from(("config", "save", "save-", "save-0", "save-x", "vip")))


@given(versions, versions, words)
def test_two_nodes_agree_on_the_highest_version_that_both_know(
    mine: set[int], theirs: set[int], others: list[str]
) -> None:
    here = agreed([*others, *features(theirs)], mine)
    assert here == agreed([*features(mine), *others], theirs)
    assert here == max(mine & theirs, default=None)


def test_this_version_speaks_with_itself() -> None:
    assert agreed(features()) == VERSION
    assert VERSION in SPOKEN


@given(st.lists(st.text()))
def test_other_words_of_a_greeting_are_passed_over(junk: list[str]) -> None:
    assert agreed([*junk, "save-1"], {1}) == 1
