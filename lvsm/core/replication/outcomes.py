"""How a Save ends, and what a proposer wants done meanwhile.

Law: `Committed` is said only when the generation is durable on the nodes that decide; where it
cannot be known whether the Save will come to be, the outcome says so (`unsure`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lvsm.core.generation import Generation
from lvsm.core.replication.history import History
from lvsm.core.replication.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """It is saved; `nodes` had it durably when this was said."""

    generation: Generation
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Another generation stands where this Save wanted to stand, or the base is not known here.

    `tried` is the hash of the own generation when it had been sent out before that was found,
    None when it never was. `settled` says what became of it once the history is complete.
    """

    head: Generation
    tried: str | None = None

    def age(self, now: float) -> float:
        """How many seconds ago the head was saved, 0 at least; `now` is seconds since 1970."""
        return max(0.0, now - self.head.saved_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """Too few nodes answered: `missing` more were needed.

    `lost` nodes answered and may not vote, because their disk is another one than the configuration
    knows or does not know them; `strangers` belong to another cluster. `unsure` means that some
    node may have accepted the generation, so that it may yet come to be.
    """

    needed: int
    voters: frozenset[str]
    reached: frozenset[str]
    lost: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()
    unsure: bool = False

    @property
    def missing(self) -> int:
        """How many more nodes have to take part, 1 at least."""
        return max(1, self.needed - len(self.reached))


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Others outbid every attempt; the admin may try again. `unsure` as in `Short`."""

    attempts: int
    unsure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A proposer without a wish found nothing that had to be finished."""


Outcome: TypeAlias = Committed | Conflict | Short | Busy | Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a message to a node; to this node itself it goes the same way, by its acceptor."""

    to: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Say `TimedOut` after `seconds` and a random part of `spread` more.

    It takes the place of the Arm before it. The spread keeps two proposers from outbidding each
    other for ever.
    """

    seconds: float
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The Save has ended; whatever the proposer is told from now on changes nothing."""

    outcome: Outcome


Command: TypeAlias = Send | Arm | Finish


def settled(
    conflict: Conflict, history: History, load: Callable[[str], Generation | None]
) -> Outcome:
    """What a conflict turns out to be after this node has caught up.

    The own generation may have been decided before the one that was found. `load` reads a
    generation of the history by its hash, None when it cannot be read.
    """
    known = history.get(conflict.tried or "")
    own = load(known.hash) if known is not None and known.decided else None
    return conflict if own is None else Committed(generation=own, nodes=frozenset())
