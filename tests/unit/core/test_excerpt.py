from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.excerpt import LONGEST, excerpt
from tests.unit.strategies import texts

CASES = {
    "plain": ("port = 8080", 7, 4, "port = 8080", "       ^^^^"),
    "tabs before": ("\ta\t= 1", 5, 1, "    a   = 1", " " * 10 + "^"),
    "a tab inside": ("a = [\t1]", 4, 4, "a = [   1]", "    ^^^^^^"),
    "wide before": ('漢 = "x"', 4, 3, '漢 = "x"', "     ^^^"),
    "wide inside": ('a = "漢字"', 4, 4, 'a = "漢字"', "    ^^^^^^"),
    "combining": ("e\u0301 = 1", 5, 1, "e\u0301 = 1", "    ^"),
    "full width, then a tab": ("Ａ\t1", 2, 1, "Ａ  1", "    ^"),
    "behind the end": ("a =", 3, 1, "a =", "   ^"),
    "beyond the end": ("a =", 1, 99, "a =", " ^^"),
    "an empty line": ("", 0, 1, "", "^"),
    "what a terminal obeys": ("\x1b[2J\x07x\u202e", 5, 1, "\ufffd[2J\ufffdx\ufffd", "     ^"),
    "what nobody sees": ("a\u00a0\u200b= 1", 1, 2, "a\ufffd\ufffd= 1", " ^^"),
    "half a pair": ("a\udc80", 1, 1, "a\ufffd", " ^"),
}


@pytest.mark.parametrize("case", CASES)
def test_carets_stand_below_what_they_mean(case: str) -> None:
    line, start, length, shown, marks = CASES[case]
    assert excerpt(line, start, length) == (shown, marks)


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, 1_000_000])
@pytest.mark.parametrize("start", [0, 39, 41, 99])
def test_a_long_line_is_cut_around_the_place(start: int, length: int) -> None:
    line = "a" * start + "!" + "b" * (length - start - 1)
    shown, marks = excerpt(line, start, 1)
    assert shown[len(marks) - 1] == "!"
    assert (len(shown) > LONGEST) == (length > LONGEST)
    assert len(shown) <= LONGEST + 6
    assert shown.endswith("...") == (
        length > start + LONGEST or length - LONGEST > max(0, start - 40)
    )


def test_the_last_of_a_long_line_is_shown_to_its_end() -> None:
    shown, marks = excerpt("a" * 500 + "!!!", 500, 3)
    assert (shown[:4], shown[-4:]) == ("...a", "a!!!")
    assert marks.index("^") == len(shown) - 3


def test_a_value_longer_than_what_is_shown_is_marked_as_far_as_it_is_seen() -> None:
    shown, marks = excerpt("a = " + "x" * 500, 4, 500)
    assert shown == "a = " + "x" * 96 + "..."
    assert marks == "    " + "^" * 96


@given(texts.filter(lambda text: "\n" not in text), st.integers(0, 300), st.integers(0, 300))
def test_any_line_is_shown_in_one_line(line: str, start: int, length: int) -> None:
    shown, marks = excerpt(line, min(start, len(line)), length)
    assert shown.isprintable()
    assert set(marks) in ({"^"}, {" ", "^"})
    shown.encode()
