"""The machines of a simulated cluster: their disks, and their power.

A node loses its power at any point: before a file is kept, while it is written, between the file
and the state, while that is written, between the state and the reply, before each message, and
before the admin is told. What was written and not yet synced is there after the restart, or is not.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from lvsm.core.generation import Generation
from lvsm.core.replication.disk import Disk, Step, decode, encode, fresh
from lvsm.core.replication.messages import Envelope, Message
from lvsm.core.replication.proposal import Proposal
from tests.simulation import tally as states
from tests.simulation.parts import SOUND, Parts
from tests.simulation.tally import Tally

NEVER = -1
RISK = 0.3
"""How often the power goes while files are kept: seldom done, and the most is at stake."""


class Crash(Exception):  # noqa: N818  it is no error: the node has lost its power
    """The node's power went off at this point."""


@dataclass(slots=True, kw_only=True)
class Node:
    """One machine: `synced` and `files` are durable, the rest is memory."""

    disk: Disk
    files: dict[str, Generation] = field(default_factory=dict)
    synced: Disk | None = None
    up: bool = True
    proposals: dict[str, Proposal] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.disk.me

    def envelope(self, message: Message) -> Envelope:
        disk = self.disk
        return Envelope(
            genesis=disk.genesis, sender=disk.me, incarnation=disk.incarnation, message=message
        )

    def holdings(self) -> set[str]:
        """Hashes of all generations that this node would bring back after a power cut."""
        vote = self.disk.vote
        return set(self.disk.history) | ({vote.generation.hash} if vote else set())


@dataclass(slots=True, kw_only=True)
class Machines:
    """Nodes that lose their power.

    `members` founded the cluster, the other names are machines of their own yet. A node's power
    goes after `mean_fuse` steps on the average, 0 for never. `wire` sends bytes instead of values.
    `watch` looks at a node after each change of its disk, with the disk before.
    """

    random: Random
    names: tuple[str, ...]
    members: tuple[str, ...] = ()
    watch: Callable[[Node, Disk], None]
    parts: Parts = SOUND
    mean_fuse: int = 0
    wire: bool = False
    trace: Callable[[str], None] | None = None
    tally: Tally = field(default_factory=Counter)
    nodes: dict[str, Node] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=itertools.count)
    disks_lost: int = 0
    fuse: int = NEVER

    def __post_init__(self) -> None:
        self.members = self.members or self.names
        for name in self.names:
            disk = self.blank(name)
            self.nodes[name] = Node(disk=disk, synced=disk)
        self.new_fuse()

    def blank(self, name: str) -> Disk:
        """The disk of a machine that was installed just now."""
        founders = self.members if name in self.members else (name,)
        return fresh(name, f"{name}-{next(self.ids)}", founders)

    def note(self, kind: str, state: str) -> None:
        self.tally[kind, state] += 1
        if self.trace is not None:
            self.trace(f"{kind}: {state}")

    # Power

    def new_fuse(self) -> None:
        rate = self.mean_fuse
        self.fuse = 1 + int(self.random.expovariate(1 / rate)) if rate else NEVER

    def at(self, node: Node, point: str, kind: type | None = None) -> None:
        """A point at which the power may go."""
        self.fuse -= 1
        if self.fuse == 0:
            self.cut(node, point if kind is None else f"{kind.__name__}: {point}")

    def cut(self, node: Node, where: str) -> None:
        self.note(states.CRASHED, where)
        self.crash(node)
        self.new_fuse()
        raise Crash

    def crash(self, node: Node) -> None:
        if self.trace is not None:
            self.trace(f"{node.name} has no power")
        node.up = False
        node.proposals.clear()
        disk = node.synced or node.disk
        node.disk = self.parts.restarted(decode(encode(disk)) if self.wire else disk)
        if node.disk.unfinished:
            self.note(states.RECOVERED, "with a vote to finish")

    def restart(self, node: Node) -> None:
        node.up = True
        self.watch(node, node.disk)

    def lose_disk(self, node: Node) -> None:
        self.note(states.RECOVERED, "a disk was lost")
        self.disks_lost += 1
        node.proposals.clear()
        node.files.clear()
        node.disk = node.synced = self.blank(node.name)

    # Disks

    def write(self, node: Node, step: Step, kind: type) -> None:
        before = node.disk
        if step.disk is before:
            return
        if step.keep and self.mean_fuse and self.random.random() < RISK:
            self.fuse = min(self.fuse, 1 + int(self.random.random() * 6))
        if self.parts.files_first:
            self._keep(node, step, kind)
            self._sync(node, step.disk, kind)
        else:
            self._sync(node, step.disk, kind)
            self._keep(node, step, kind)
        self.watch(node, before)
        self.at(node, states.AFTER_STATE, kind)

    def _keep(self, node: Node, step: Step, kind: type) -> None:
        for generation in step.keep:
            self.at(node, states.BEFORE_FILE, kind)
            self.fuse -= 1
            if self.fuse != 0 or self._survives():
                node.files[generation.hash] = generation
            if self.fuse == 0:
                self.cut(node, f"{kind.__name__}: {states.IN_FILE}")
            self.at(node, states.AFTER_FILE, kind)

    def _sync(self, node: Node, disk: Disk, kind: type) -> None:
        self.at(node, states.BEFORE_STATE, kind)
        self.fuse -= 1
        if self.fuse == 0:
            if self._survives():
                node.synced = disk
            self.cut(node, f"{kind.__name__}: {states.IN_STATE}")
        node.disk = disk
        if self.parts.fsync or self.random.random() < 0.5:
            node.synced = disk

    def _survives(self) -> bool:
        """Whether what was written and not synced is there after the power cut."""
        there = self.random.random() < 0.5
        self.note(states.RECOVERED, f"{'with' if there else 'without'} the last write")
        return there
