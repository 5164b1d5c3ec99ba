"""Two texts that were made from one: both changes in one text (as diff3 -m does).

Law: where both changed the same lines, or lines that touch, both versions stand in the result
between marks that no configuration has, so that it cannot be saved before a person has chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lvsm.core.line_diff import UNENDED, Matcher, lines_of

Piece: TypeAlias = tuple[list[str], list[str], list[str]]
"""Lines of the common text, of mine and of theirs that stand in one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The text, and how many places there are where a person has to choose."""

    text: str
    conflicts: int


def merge(base: str, mine: str, theirs: str, *, names: tuple[str, str]) -> Merged:
    """Both changes of `base`; `names` is what the marks call mine and theirs."""
    lines: list[str] = []
    conflicts = 0
    for was, ours, other in _pieces(lines_of(base), lines_of(mine), lines_of(theirs)):
        if ours in (was, other):
            lines += other
        elif was == other:
            lines += ours
        else:
            conflicts += 1
            lines += [f"<<<<<<< {names[0]}", *ours, "=======", *other, f">>>>>>> {names[1]}"]
    return Merged(text=_text(lines), conflicts=conflicts)


def _pieces(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[Piece]:
    """What all three have in common, and what lies between, in order."""
    at = (0, 0, 0)
    for found in _common(base, mine, theirs):
        starts, size = found[:3], found[3]
        if starts != at:
            yield base[at[0] : starts[0]], mine[at[1] : starts[1]], theirs[at[2] : starts[2]]
        same = base[starts[0] : starts[0] + size]
        yield same, same, same
        at = (starts[0] + size, starts[1] + size, starts[2] + size)
    yield base[at[0] :], mine[at[1] :], theirs[at[2] :]


def _common(
    base: list[str], mine: list[str], theirs: list[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Where lines of the base stand in both others, and how many."""
    ours = Matcher(base, mine).get_matching_blocks()
    others = Matcher(base, theirs).get_matching_blocks()
    one = other = 0
    while one < len(ours) and other < len(others):
        a, b = ours[one], others[other]
        start = max(a.a, b.a)
        end = min(a.a + a.size, b.a + b.size)
        if start < end:
            yield start, a.b + start - a.a, b.b + start - b.a, end - start
        if a.a + a.size <= b.a + b.size:
            one += 1
        else:
            other += 1


def _text(lines: list[str]) -> str:
    """Lines as a text; one without an end has one now unless it is the last."""
    whole = "".join(line.removesuffix(UNENDED) + "\n" for line in lines)
    return whole[:-1] if lines and lines[-1].endswith(UNENDED) else whole
