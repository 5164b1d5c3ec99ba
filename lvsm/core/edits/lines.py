"""Lines of a text put in, taken out and replaced; every other character stays.

Law: a text whose last line has no end keeps it so. What is put behind a line and taken out again
leaves the text as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Characters from `start` to before `end`, and what takes their place."""

    start: int
    end: int
    text: str = ""


def changed(text: str, changes: Iterable[Change]) -> str:
    """The text with all changes, none of which overlap."""
    pieces, last = [], 0
    for change in sorted(changes):
        pieces += [text[last : change.start], change.text]
        last = change.end
    return "".join([*pieces, text[last:]])


def newline(text: str) -> str:
    """How the text ends its lines."""
    return "\r\n" if "\r\n" in text else "\n"


def line_start(text: str, at: int) -> int:
    """Where the line of a character begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the line after that of a character begins, or the text ends."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def indent(text: str, at: int) -> str:
    """The blanks before whatever stands first in the line of a character."""
    line = text[line_start(text, at) : at + 1]
    return line[: len(line) - len(line.lstrip(" \t"))]


def behind(text: str, at: int, lines: Iterable[str]) -> Change:
    """Put lines behind the line of a character."""
    end, broken = line_end(text, at), newline(text)
    if end == 0 or text[end - 1] == "\n":
        return Change(end, end, "".join(line + broken for line in lines))
    return Change(end, end, "".join(broken + line for line in lines))


def without(text: str, first: int, last: int) -> Change:
    """Take out all lines from that of one character to that of another."""
    start, end = line_start(text, first), line_end(text, last)
    if end == len(text) and start and not text.endswith("\n"):
        start -= 2 if text[:start].endswith("\r\n") else 1
    return Change(start, end)


def top(text: str, header: int) -> int:
    """Where what belongs to a header begins: the comments right above it, and one empty line.

    Comments that begin the text are about the whole of it and stay.
    """
    start = line_start(text, header)
    above = start
    while above and _above(text, above).startswith("#"):
        above = line_start(text, above - 1)
    start = above or start
    return line_start(text, start - 1) if start and not _above(text, start) else start


def _above(text: str, start: int) -> str:
    """The line before one that begins at `start`, without its blanks."""
    return text[line_start(text, start - 1) : start].strip()
