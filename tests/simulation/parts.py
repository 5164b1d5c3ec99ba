"""The functions of the Save protocol, gathered so that a broken one can take the place of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol as Shape

from lvsm.core.generation import Generation
from lvsm.core.replication import acceptor, catching_up, confirming, proposer, serving
from lvsm.core.replication.acceptor import Answer
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.messages import Deliver, Envelope, Learned, Want
from lvsm.core.replication.proposal import Event, Patience, Proposal
from lvsm.core.replication.serving import Heard, Serving
from lvsm.core.replication.wishes import Wish

Load = Callable[[str], Generation | None]


class Start(Shape):
    """`proposer.start`."""

    def __call__(
        self, disk: Disk, wish: Wish | None, *, run: str, patience: Patience | None = None
    ) -> proposer.Turn: ...


class RollBack(Shape):
    """`confirming.roll_back`."""

    def __call__(
        self,
        head: Generation,
        parent: Generation,
        *,
        node: str,
        now: float,
        voters: Mapping[str, str],
    ) -> Wish: ...


def as_it_was(disk: Disk) -> Disk:
    """What a node remembers after a restart: all of it."""
    return disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the nodes of a cluster run, and how their disks behave.

    `fsync` False leaves every write to the kernel's mercy; `files_first` False writes the state
    before the files that it names.
    """

    answer: Callable[[Disk, Envelope], Answer] = acceptor.answer
    start: Start = proposer.start
    step: Callable[[Proposal, Event], proposer.Turn] = proposer.step
    status: Callable[[Disk], Learned] = catching_up.status
    deliver: Callable[[Disk, Want, Load], Deliver] = catching_up.deliver
    roll_back: RollBack = confirming.roll_back
    serving: Callable[[Disk, Mapping[str, Heard]], Serving] = serving.serving
    restarted: Callable[[Disk], Disk] = as_it_was
    fsync: bool = True
    files_first: bool = True


SOUND = Parts()
