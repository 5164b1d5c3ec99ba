from __future__ import annotations

from hypothesis import given

from lvsm.core.config_text import parse
from lvsm.core.merging import Merged, merge
from tests.unit.core.test_line_diff import texts

NAMES = ("yours", "generation 5, by ann")
BASE = "".join(f"line {number}\n" for number in range(20))


def both(mine: str, theirs: str, base: str = BASE) -> Merged:
    return merge(base, mine, theirs, names=NAMES)


def test_changes_apart_from_each_other_are_both_made() -> None:
    mine, theirs = BASE.replace("line 3\n", "mine\n"), BASE.replace("line 15\n", "")
    merged = both(mine, theirs)
    assert merged == Merged(text=theirs.replace("line 3\n", "mine\n"), conflicts=0)


def test_the_same_change_is_made_once() -> None:
    changed = BASE.replace("line 3\n", "3\nand more\n")
    assert both(changed, changed) == Merged(text=changed, conflicts=0)


def test_changes_of_the_same_line_are_for_a_person_to_choose() -> None:
    merged = both(BASE.replace("line 3\n", "mine\n"), BASE.replace("line 3\n", "theirs\n"))
    assert merged.conflicts == 1
    assert (
        "line 2\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> generation 5, by ann\nline 4\n"
        in merged.text
    )
    assert parse(merged.text).configuration is None


@given(texts, texts)
def test_who_changed_nothing_gets_what_the_other_has(base: str, other: str) -> None:
    assert both(base, other, base).text == other
    assert both(other, base, base).text == other
    assert both(other, other, base) == Merged(text=other, conflicts=0)


@given(texts, texts, texts)
def test_nothing_of_mine_is_lost(base: str, mine: str, theirs: str) -> None:
    merged = both(mine, theirs, base)
    lines = merged.text.split("\n")
    for line in set(mine.split("\n")) - set(base.split("\n")):
        assert line in lines
