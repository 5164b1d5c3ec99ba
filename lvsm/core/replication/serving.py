"""What a node serves, and whether it may say that this is the newest.

Law: a node always serves something, the newest generation that it knows to be committed. It calls
it confirmed only with a majority of the voters within reach, none of which knows or has voted for
anything newer: a generation that was decided normally left a head or a vote in each majority. (What
others forced on the far side of a partition, nobody on this side can know.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvsm.core.generation import Generation
from lvsm.core.replication.ballots import needed
from lvsm.core.replication.catching_up import status
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.joining import may_vote
from lvsm.core.replication.messages import Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a node within reach said last: its disk's incarnation and its status."""

    incarnation: str
    status: Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What to serve. `missing` is how many voters are wanting for a majority, 0 for none.

    `behind` says that somebody has a newer head, which is to be fetched before this node serves or
    takes over, and `unfinished` that a vote has to be finished first.
    """

    generation: Generation
    missing: int
    behind: bool = False
    unfinished: bool = False

    @property
    def saves(self) -> bool:
        """Whether a Save can succeed without force."""
        return self.missing == 0

    @property
    def confirmed(self) -> bool:
        """Whether this is known to be the newest generation."""
        return self.saves and not self.behind and not self.unfinished


def serving(disk: Disk, heard: Mapping[str, Heard]) -> Serving:
    """What a node serves that hears these other nodes; at a cold start perhaps none."""
    own = Heard(incarnation=disk.incarnation, status=status(disk))
    reach = {**heard, disk.me: own}
    voters = {name: h for name, h in reach.items() if may_vote(disk.head, name, h.incarnation)}
    return Serving(
        generation=disk.head,
        missing=max(0, needed(len(disk.head.voters)) - len(voters)),
        behind=any(h.status.head > disk.head.order for h in reach.values()),
        unfinished=any(h.status.unfinished for h in reach.values()),
    )
