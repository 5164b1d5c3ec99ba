"""What this node knows now: its own state and what it has heard, kept in one place.

Law: only the control loop's task and the handlers, which run in the same event loop, change a
view; whoever changes it calls `touch()`, and the control loop looks again. Questions that need
judgement are answered by the pure core from snapshots taken here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from lvsm.core.adjusting import cause, standby
from lvsm.core.eligibility import Situation, is_up
from lvsm.core.facts import Facts, Ill, Machine
from lvsm.core.generation import EMPTY, Generation, Order
from lvsm.core.groups import Group, Peer
from lvsm.core.health import Health
from lvsm.core.model import Configuration
from lvsm.core.operations import Interface, KernelState
from lvsm.core.overlay import NOTHING, Overlay

FRESH_SECONDS = 3.0
"""Facts older than this say nothing about whether their node is still there."""


@dataclass(slots=True, kw_only=True)
class Heard:
    """A peer's last facts and when they came (monotonic seconds)."""

    facts: Facts
    at: float


@dataclass(slots=True, kw_only=True)
class Measured:
    """How a node's machine was, and when it told (monotonic seconds); kept when the node dies."""

    machine: Machine
    at: float


@dataclass(slots=True, kw_only=True)
class View:
    """The state of one worker; times are monotonic seconds.

    `stands_for` is the place of a newer generation that nobody confirmed in time, while
    `generation` is used in its stead; `unconfirmed` says why that may not be what the cluster
    wants. `programmed` is the hash of the generation to which this node's kernel was brought last.
    A node that is not `ready` has just started, and looks whether others have a newer generation.
    """

    me: str
    members: tuple[str, ...]
    generation: Generation = EMPTY
    stands_for: Order | None = None
    unconfirmed: str = ""
    ready: bool = True
    configuration: Configuration = field(default_factory=Configuration)
    groups: Mapping[str, Group] = field(default_factory=dict)
    overlay: Overlay = NOTHING
    health: Health = field(default_factory=dict)
    reported: dict[str, float] = field(default_factory=dict)
    checked: tuple[str, ...] = ()
    ill: tuple[Ill, ...] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    machines: dict[str, Measured] = field(default_factory=dict)
    heartbeat: str | None = None
    heartbeat_since: float = 0.0
    watched: bool = False
    leaving: bool = False
    against: str | None = "plvsd has just started"
    held: set[str] = field(default_factory=set)
    offered: dict[str, float] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    kernel: KernelState | None = None
    schedulers: tuple[str, ...] | None = None
    foreign: tuple[str, ...] = ()
    applied: bool = False
    programmed: str = ""
    behind_since: float | None = None
    problems: tuple[str, ...] = ()
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    stepped: asyncio.Condition = field(default_factory=asyncio.Condition)

    def touch(self) -> None:
        """Wake the control loop."""
        self.changed.set()

    @property
    def order(self) -> Order:
        """The place of the newest generation that this node has."""
        return self.stands_for or self.generation.order

    def fresh(self, now: float) -> dict[str, Facts]:
        """The facts of other nodes that are recent enough to speak for them."""
        return {n: h.facts for n, h in self.heard.items() if now - h.at <= FRESH_SECONDS}

    def digest_of(self, node: str, now: float) -> str | None:
        """What a node's fresh facts say of its overlay; None without such."""
        facts = self.fresh(now).get(node)
        return facts.overlay or None if facts is not None else None

    def situation(self, now: float) -> Situation:
        """What this node knows when it asks itself whether it may hold groups."""
        heard = self.fresh(now)
        behind = any(facts.order > self.order for facts in heard.values())
        self.behind_since = (self.behind_since or now) if behind else None
        return Situation(
            me=self.me,
            heartbeat=self.heartbeat is not None,
            leaving=self.leaving,
            statuses=dict(self.statuses),
            heard=heard,
            order=self.order,
            ipvs=self.kernel is not None and self.kernel.ipvs,
            applied=self.applied,
            up_for=now - self.heartbeat_since,
            behind_for=now - self.behind_since if self.behind_since is not None else 0.0,
            holding=bool(self.held),
            standby=self.standby(),
        )

    def standby(self) -> str:
        """Why this node is on standby, empty when it is not."""
        entry = standby(self.overlay, self.me)
        return cause(entry, "on standby") if entry is not None else ""

    def peers(self, now: float, *, eligible: bool) -> dict[str, Peer]:
        """All nodes as the question of ownership sees them, this one included.

        A node that heartbeat calls up but whose plvsd is silent still holds what it last said.
        """
        fresh = self.fresh(now)
        peers = {
            name: Peer(
                name=name,
                up=is_up(self.statuses.get(name), fresh.get(name)),
                eligible=name in fresh and fresh[name].eligible,
                holds=frozenset(self.heard[name].facts.holds)
                if name in self.heard
                else frozenset(),
            )
            for name in {*self.members, *self.statuses}
        }
        peers[self.me] = Peer(
            name=self.me,
            up=self.heartbeat is not None,
            eligible=eligible,
            holds=frozenset(self.held),
        )
        return peers

    def public_state(self) -> tuple[object, ...]:
        """What the peers hear of this node, to tell whether it has changed."""
        return (
            self.order,
            self.against,
            frozenset(self.held),
            frozenset(self.offered),
            self.applied,
            self.programmed,
            self.problems,
            self.interfaces(),
            self.overlay.digest,
            self.schedulers,
            self.foreign,
            self.checked,
            self.ill,
        )

    def interfaces(self) -> tuple[Interface, ...]:
        """This node's interfaces as last seen."""
        return self.kernel.interfaces if self.kernel else ()
