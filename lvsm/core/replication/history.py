"""Which generations a node knows: a set that only grows, so that any two can be merged.

Law: merging is union; it commutes, repeats and groups as it likes, and takes nothing away. What is
the head and what was displaced follows from the set alone, so nodes with equal sets agree. A record
holds no text: the texts are files, found by hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeAlias

from lvsm.core.generation import Generation, Order
from lvsm.core.operations import Value


class Record(Value, frozen=True, kw_only=True):
    """That a generation exists: its place and its parent's hash.

    `decided` is False for one that nodes voted for and then had to leave behind: perhaps it was
    acknowledged, so it is kept and shown, but it can never be the head.
    """

    order: Order
    parent: str
    decided: bool

    @property
    def hash(self) -> str:
        """The generation's hash."""
        return self.order[2]


History: TypeAlias = Mapping[str, Record]
"""Records by their generation's hash."""


def record(generation: Generation, *, decided: bool) -> Record:
    """The record of a generation."""
    return Record(order=generation.order, parent=generation.parent, decided=decided)


def merge(one: History, other: History) -> dict[str, Record]:
    """Everything that either knows; decided when either says so."""
    merged = dict(one)
    for key, known in other.items():
        if known.decided or key not in merged:
            merged[key] = known
    return merged


def remember(history: History, generation: Generation, *, decided: bool) -> dict[str, Record]:
    """The history with one generation more."""
    new = record(generation, decided=decided)
    return merge(history, {new.hash: new})


def line(history: History, tip: str) -> tuple[str, ...]:
    """The hashes from `tip` back through its parents, as far as they are known."""
    found: dict[str, None] = {}
    while tip in history and tip not in found:
        found[tip] = None
        tip = history[tip].parent
    return tuple(found)


def newest(history: History) -> Record | None:
    """The newest decided record: what has to be the head; None for an empty history."""
    return max((r for r in history.values() if r.decided), key=lambda r: r.order, default=None)


def displaced(history: History) -> tuple[Record, ...]:
    """What is not on the head's line, oldest first: to be shown as conflicts."""
    head = newest(history)
    kept = set(line(history, head.hash)) if head is not None else set()
    return tuple(
        sorted((r for key, r in history.items() if key not in kept), key=lambda r: r.order)
    )


def inventory(history: History) -> tuple[Record, ...]:
    """The history as it is told to another node: oldest first."""
    return tuple(sorted(history.values(), key=lambda r: r.order))


def lacking(history: History, theirs: tuple[Record, ...], *, most: int) -> tuple[str, ...]:
    """The hashes to fetch from a node with that inventory: `most` at a time, the newest first.

    One that is known as undecided here and as decided there is fetched again, text and all: it
    may be the head.
    """
    wanted = [
        known
        for known in theirs
        if known.hash not in history or (known.decided and not history[known.hash].decided)
    ]
    wanted.sort(key=lambda r: r.order, reverse=True)
    return tuple(known.hash for known in wanted[:most])


def digest(history: History) -> str:
    """A hash that is equal for equal histories, so that two nodes seldom send their inventories."""
    lines = (f"{key} {int(history[key].decided)}\n" for key in sorted(history))
    return sha256("".join(lines).encode()).hexdigest()
