from __future__ import annotations

import re
from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.line_diff import Matcher, lines_of, unified

NAMES = ("generation 1", "generation 2")
words = st.lists(st.sampled_from(("a", "b", "c", "", "1", "2", "3", "4", "5", "6")), max_size=25)
texts = st.tuples(words, st.sampled_from(("", "\n"))).map(lambda t: "\n".join(t[0]) + t[1])
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def patched(before: str, diff: list[str]) -> str:
    """What patch(1) makes of a text."""
    source, made, at = lines_of(before), list[str](), 0
    for line in joined(diff[2:]):
        match = _HUNK.fullmatch(line)
        if match is not None:
            start = int(match[1]) - (match[2] != "0")
            made += source[at:start]
            at = start
            assert int(match[3]) - (match[4] != "0") == len(made)
        elif line[0] == "+":
            made.append(line[1:])
        else:
            assert source[at] == line[1:]
            made += [line[1:]] if line[0] == " " else []
            at += 1
    made += source[at:]
    return "".join(
        line + "\n" if "\n" not in line else line.split("\n", maxsplit=1)[0] for line in made
    )


def joined(diff: list[str]) -> list[str]:
    """A line and what is said about its end, as one."""
    found: list[str] = []
    for line in diff:
        if line.startswith("\\"):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


@given(texts, texts)
def test_a_diff_makes_the_second_text_of_the_first(before: str, after: str) -> None:
    diff = unified(before, after, names=NAMES)
    assert bool(diff) == (before != after)
    assert patched(before, diff) == after


@given(words, words)
def test_blocks_are_alike_in_order_and_apart(old: list[str], new: list[str]) -> None:
    *blocks, end = Matcher(old, new).get_matching_blocks()
    assert end == (len(old), len(new), 0)
    a = b = 0
    for block in blocks:
        assert block.size > 0
        assert block.a >= a
        assert block.b >= b
        a, b = block.a + block.size, block.b + block.size
        assert old[block.a : a] == new[block.b : b]


def test_it_reads_as_that_of_diff() -> None:
    old = [f"line {number}" for number in range(60)]
    new = [*old[:20], "new", *old[21:50], *old[52:]]
    made = unified("\n".join(old) + "\n", "\n".join(new) + "\n", names=NAMES)
    assert made == list(unified_diff(old, new, *NAMES, lineterm=""))


def test_a_line_without_an_end_is_told_apart() -> None:
    assert unified("a\nb", "a\nb\n", names=NAMES)[3:] == [
        " a",
        "-b",
        "\\ No newline at end of file",
        "+b",
    ]


@pytest.mark.parametrize("every", [1, 97])
def test_many_changes_in_a_long_text_are_found_one_by_one(every: int) -> None:
    old = [
        line
        for number in range(4000)
        for line in (f"[vip.v{number}]", "scheduler = 'rr'", "", "[[realserver]]", "weight = 1", "")
    ]
    new = [
        "weight = 2" if line == "weight = 1" and index // 6 % every == 0 else line
        for index, line in enumerate(old)
    ]
    diff = unified("\n".join(old), "\n".join(new), names=NAMES)
    changed = sum(line == "+weight = 2" for line in diff)
    assert changed == -(-4000 // every)
    assert sum(line.startswith("-") for line in diff[2:]) == changed


def test_texts_with_nothing_in_common_are_not_compared_for_ever() -> None:
    old, new = ["a", "b"] * 20_000, ["b", "b", "a"] * 20_000
    diff = unified("x\n" + "\n".join(old), "y\n" + "\n".join(new), names=NAMES)
    assert len(diff) > 20_000
