"""A line of somebody's text as a terminal shows it, with marks below a piece of it.

Law: the marks stand below what they mean, whatever the characters' widths (UAX 11: East Asian wide
ones take two columns, combining ones none), and no character moves the cursor or hides itself.
"""

from __future__ import annotations

import unicodedata

LONGEST = 100
"""Characters of a line that are shown; of a longer one the surroundings of the marked piece."""

_BEFORE = 40
_CUT = "..."
_TAB = 4
_UNSHOWN = "\N{REPLACEMENT CHARACTER}"


def excerpt(line: str, start: int, length: int) -> tuple[str, str]:
    """The line, and another with carets below `length` characters from `start` (from 0).

    Tabs become spaces. A caret at least is there, also behind the line's last character.
    """
    begin = max(0, min(start - _BEFORE, len(line) - LONGEST))
    end = begin + LONGEST
    cells = _cells(line[begin:end])
    at = start - begin
    left, right = _CUT if begin else "", _CUT if end < len(line) else ""
    indent = len(left) + _columns(cells[:at])
    marks = max(1, _columns(cells[at : at + length]))
    return left + "".join(cells) + right, " " * indent + "^" * marks


def _cells(line: str) -> list[str]:
    """What is shown for each character."""
    cells = []
    column = 0
    for character in line:
        if character == "\t":
            cell = " " * (_TAB - column % _TAB)
        else:
            cell = character if character.isprintable() else _UNSHOWN
        cells.append(cell)
        column += _columns([cell])
    return cells


def _columns(cells: list[str]) -> int:
    return sum(_width(character) for cell in cells for character in cell)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
