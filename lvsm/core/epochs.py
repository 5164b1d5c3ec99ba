"""Epochs: what a forced Save begins, so that it outranks what it may have to displace.

Law: no two forced Saves begin the same epoch, not even on two sides of a partition that know
nothing of each other. An epoch is one integer, a count and below it a mark, as a Paxos ballot is a
round and a node: the count is higher than every count that was met, and the mark tells apart who
counted alike.

The first epoch, in which nobody has forced anything yet, is 1.
"""

from __future__ import annotations

import re

FIRST = 1
MARKS = 10**9
"""How many marks there are: an epoch is `count * MARKS + mark`, its last nine digits the mark."""

_NAME = re.compile(r"([0-9]{1,7})(?:\.([0-9]{9}))?", re.ASCII)


def begun(met: int, mark: int) -> int:
    """The epoch that a forced Save begins: `met` is the highest one that it met.

    `mark` is a number below MARKS that tells who forces (`Ballot.mark`).
    """
    return (count(met) + 1) * MARKS + mark


def count(epoch: int) -> int:
    """How often somebody had forced a Save, as far as who began this epoch knew."""
    return epoch // MARKS


def name(epoch: int, *, width: int = 1) -> str:
    """The epoch as people read it: "1", and "2.483920175" after the first force.

    With a `width` for the count, names sort as epochs do.
    """
    forced, mark = divmod(epoch, MARKS)
    return f"{forced + 1:0{width}}.{mark:09d}" if forced else f"{epoch:0{width}}"


def named(text: str) -> int | None:
    """The epoch of that name, as `name` gives it without a width; None for what names none."""
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    forced, mark = int(match[1]), match[2]
    return forced if mark is None else (forced - 1) * MARKS + int(mark)
