"""A proposer's state while it brings one Save about: what it knows, and nothing that acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import msgspec

from lvsm.core import epochs
from lvsm.core.generation import Epoch, Generation
from lvsm.core.replication.ballots import Ballot, needed
from lvsm.core.replication.disk import Vote
from lvsm.core.replication.messages import Accept, Envelope, Prepare
from lvsm.core.replication.outcomes import Arm
from lvsm.core.replication.wishes import Wish


class Phase(Enum):
    """Where a proposal stands."""

    PREPARING = "asks for promises"
    ACCEPTING = "asks for votes"
    WAITING = "was outbid and waits before it tries again"
    DONE = "has ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer came."""

    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """The time of the last `Arm` is over."""


Event = Received | TimedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a proposer waits, in seconds, and how often it tries.

    After `resends` silences in a row it takes those that answered for all there are.
    """

    answer: float = 1.0
    resends: int = 2
    attempts: int = 12
    back_off: float = 0.02
    longest_back_off: float = 1.0

    def before(self, attempt: int) -> Arm:
        """How long to stand back before that attempt: longer each time, half of it by chance."""
        seconds = min(self.longest_back_off, self.back_off * 2 ** min(attempt, 30))
        return Arm(seconds=seconds / 2, spread=seconds / 2)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One proposer.

    `wish` is None for one that only finishes what it finds. `head` is the generation whose
    successor is decided, `epoch` the highest one met, `highest` the highest round met. `promises`
    has each promiser's earlier vote, and `counted` are those promisers whose disks decide. `value`
    is what votes are asked for, of `targets`, and `own` what the wish became when that was first
    sent out. `taught` nodes were sent the head.
    """

    me: str
    run: str
    genesis: str
    wish: Wish | None
    patience: Patience
    head: Generation
    epoch: Epoch
    phase: Phase = Phase.PREPARING
    round: int = 0
    highest: int = 0
    attempt: int = 0
    resends: int = 0
    promises: Mapping[str, Vote | None] = msgspec.field(default_factory=dict)
    counted: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    value: Generation | None = None
    own: Generation | None = None
    taught: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()

    @property
    def ballot(self) -> Ballot:
        """The ballot of the present attempt."""
        return Ballot(round=self.round, node=self.me, run=self.run)

    @property
    def voters(self) -> frozenset[str]:
        """The names of those who decide."""
        return frozenset(self.head.voters)

    @property
    def asked(self) -> frozenset[str]:
        """Who is asked: the voters, and for a forced Save this node, whether it is one or not."""
        return self.voters | {self.me} if self.forces else self.voters

    @property
    def forces(self) -> bool:
        """Whether the nodes within reach shall do: the admin said so, and means this head."""
        wish = self.wish
        return wish is not None and wish.forced and wish.base == self.head.order

    @property
    def begun(self) -> Epoch:
        """The epoch that this Save begins when it is forced: no other node or run begins it."""
        met = max(self.epoch, self.head.epoch)
        return epochs.begun(met, self.ballot.mark)

    @property
    def promises_needed(self) -> int:
        """How many promises are enough to go on at once."""
        return len(self.asked) if self.forces else needed(len(self.voters))

    @property
    def votes_needed(self) -> int:
        """How many votes decide: a forced Save wants those of all that promised."""
        return len(self.targets) if self.forces else needed(len(self.voters))

    @property
    def request(self) -> Prepare | Accept:
        """What the present phase asks of everybody."""
        parent, ballot = self.head.order, self.ballot
        if self.phase is Phase.ACCEPTING and self.value is not None:
            return Accept(parent=parent, ballot=ballot, generation=self.value)
        return Prepare(parent=parent, ballot=ballot, forced=self.forces)

    @property
    def silent(self) -> frozenset[str]:
        """Who has not answered the present request."""
        if self.phase is Phase.ACCEPTING:
            return self.targets - self.accepts
        return self.asked - set(self.promises)

    def first(self, names: frozenset[str]) -> tuple[str, ...]:
        """Names in the order in which they are sent to: this node first."""
        return tuple(sorted(names, key=lambda name: (name != self.me, name)))

    def chosen(self) -> Generation | None:
        """What to ask votes for: what may have been decided already, else the own wish.

        Of several votes a forced one counts before a normal one, then the one of the highest
        ballot. Who forces without a majority leaves votes of the present epoch behind: the nodes
        that could complete them are away.
        """
        votes = [vote for vote in self.promises.values() if vote is not None]
        if self.forces and len(self.counted) < needed(len(self.voters)):
            votes = [vote for vote in votes if vote.generation.epoch > self.head.epoch]
        if votes:
            return max(votes, key=_weight).generation
        if self.own is not None:
            return self.own
        if self.wish is None or self.wish.base != self.head.order:
            return None
        return self.wish.after(self.head, epoch=self.begun)


def _weight(vote: Vote) -> tuple[int, Ballot]:
    return epochs.count(vote.generation.epoch), vote.ballot
