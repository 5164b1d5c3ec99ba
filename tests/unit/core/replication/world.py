"""A cluster in one process, for tests of the Save protocol: nodes, their disks, and a bad network.

Everything that happens is drawn from one seeded source, so a run can be repeated. A node's memory
is thrown away in a crash at any point: before a file is kept, between the file and the state,
between the state and the reply, between two sends. What went wrong is found by `laws`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from lvsm.core.generation import Generation, Order
from lvsm.core.replication import acceptor, catching_up, messages, proposer
from lvsm.core.replication.disk import Disk, decode, encode, fresh
from lvsm.core.replication.messages import Envelope, Message, Want
from lvsm.core.replication.outcomes import Arm, Command, Committed, Finish, Outcome, Send
from lvsm.core.replication.proposal import Event, Patience, Phase, Proposal, Received, TimedOut
from lvsm.core.replication.wishes import Wish

PATIENCE = Patience(attempts=8)
Answering = Callable[[Disk, Envelope], acceptor.Answer]


class Crash(Exception):  # noqa: N818  it is no error: the node has lost its power
    """The node's power went off at this point."""


@dataclass(slots=True, kw_only=True)
class Node:
    """One machine: `disk` and `files` are durable, the rest is memory."""

    disk: Disk
    files: dict[str, Generation] = field(default_factory=dict)
    written: bytes = b""
    up: bool = True
    proposals: dict[str, Proposal] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.disk.me

    def envelope(self, message: Message) -> Envelope:
        return Envelope(
            genesis=self.disk.genesis,
            sender=self.name,
            incarnation=self.disk.incarnation,
            message=message,
        )

    def holdings(self) -> set[str]:
        """Hashes of all generations that this node would bring back after a power cut."""
        vote = self.disk.vote
        return set(self.disk.history) | ({vote.generation.hash} if vote else set())


@dataclass(slots=True, kw_only=True)
class World:
    """Nodes, the messages between them, and what admins were told."""

    random: Random
    names: tuple[str, ...]
    answering: Answering = acceptor.answer
    durable: bool = True
    crashes: bool = True
    loss: float = 0.05
    deaf_to: type | None = None
    watch: Callable[[World, Node, Disk], None]
    nodes: dict[str, Node] = field(default_factory=dict)
    network: list[tuple[str, str, bytes]] = field(default_factory=list)
    groups: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, Generation] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    wishes: dict[str, Wish] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=itertools.count)
    disks_lost: int = 0

    def __post_init__(self) -> None:
        for name in self.names:
            disk = fresh(name, f"{name}-{next(self.ids)}", self.names)
            self.nodes[name] = Node(disk=disk, written=encode(disk))
        self.groups = dict.fromkeys(self.names, 0)

    # What nodes do

    def send(self, sender: Node, to: str, message: Message) -> None:
        self.network.append((sender.name, to, messages.encode(sender.envelope(message))))

    def perhaps_crash(self, node: Node, chance: float = 0.01) -> None:
        if self.crashes and self.random.random() < chance:
            self.crash(node)
            raise Crash

    def crash(self, node: Node) -> None:
        node.up = False
        node.proposals.clear()
        node.disk = decode(node.written)

    def restart(self, node: Node) -> None:
        node.up = True

    def lose_disk(self, node: Node) -> None:
        self.disks_lost += 1
        node.proposals.clear()
        node.files.clear()
        node.disk = fresh(node.name, f"{node.name}-{next(self.ids)}", self.names)
        node.written = encode(node.disk)

    def deliver(self, sender: str, to: str, data: bytes) -> None:
        node = self.nodes[to]
        if not node.up or self.groups[sender] != self.groups[to]:
            return
        envelope = messages.decode(data)
        if self.deaf_to is not None and isinstance(envelope.message, self.deaf_to):
            return
        with suppress(Crash):
            self._receive(node, envelope)

    def _receive(self, node: Node, envelope: Envelope) -> None:
        answer = self.answering(node.disk, envelope)
        self.write(node, answer)
        reply = answer.reply
        if isinstance(envelope.message, Want):
            reply = catching_up.deliver(node.disk, envelope.message, node.files.get)
        if reply is not None:
            self.send(node, envelope.sender, reply)
        for run in list(node.proposals):
            self.feed(node, run, Received(envelope=envelope))

    def write(self, node: Node, answer: acceptor.Answer) -> None:
        before = node.disk
        self.perhaps_crash(node)
        for generation in answer.step.keep:
            node.files[generation.hash] = generation
            self.perhaps_crash(node)
        if answer.step.disk is before:
            return
        node.disk = answer.step.disk
        if self.durable or self.random.random() < 0.5:
            node.written = encode(node.disk)
        self.watch(self, node, before)
        self.perhaps_crash(node)

    # What proposers do

    def save(self, node: Node, wish: Wish | None) -> str:
        run = f"run{next(self.ids)}"
        state, commands = proposer.start(node.disk, wish, run=run, patience=PATIENCE)
        if wish is not None:
            self.wishes[run] = wish
        self._perform(node, run, state, commands)
        return run

    def feed(self, node: Node, run: str, event: Event) -> None:
        state, commands = proposer.step(node.proposals[run], event)
        self._perform(node, run, state, commands)

    def _perform(
        self, node: Node, run: str, state: Proposal, commands: tuple[Command, ...]
    ) -> None:
        node.proposals[run] = state
        for command in commands:
            self.perhaps_crash(node)
            match command:
                case Send(to=to, message=message) if to == node.name:
                    self._receive_own(node, message)
                case Send(to=to, message=message):
                    self.send(node, to, message)
                case Finish(outcome=outcome):
                    self._finish(run, outcome)
                case Arm():
                    pass
        if state.phase is Phase.DONE:
            node.proposals.pop(run, None)

    def _receive_own(self, node: Node, message: Message) -> None:
        """A message to oneself: durable at once, its answer comes as any other."""
        answer = self.answering(node.disk, node.envelope(message))
        self.write(node, answer)
        if answer.reply is not None:
            self.send(node, node.name, answer.reply)

    def _finish(self, run: str, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        wish = self.wishes.get(run)
        if wish is not None and isinstance(outcome, Committed):
            assert wish.came_true(outcome.generation), "the admin was told of somebody else's Save"
            assert outcome.generation.parent == wish.base[2], "saved over what the admin never saw"
            self.acknowledged[outcome.generation.hash] = outcome.generation

    def wish(self, node: Node, *, base: Order, forced: bool = False, voters: int = 0) -> Wish:
        """A Save made at `node`; with `voters`, only so many nodes stay in the configuration."""
        request = f"request{next(self.ids)}"
        names = self.names if not voters else tuple(self.random.sample(self.names, voters))
        before = node.disk.head.voters
        heard = {
            other.name: other.disk.incarnation
            for other in self.nodes.values()
            if other.up and self.groups[other.name] == self.groups[node.name]
        }
        return Wish(
            request=request,
            base=base,
            text=f"# {request}\n",
            author="admin",
            node=node.name,
            saved_at=float(next(self.ids)),
            voters={name: heard.get(name) or before.get(name, "") for name in names},
            forced=forced,
        )

    # Quiet times

    def heal(self) -> None:
        """No more trouble from now on; what is on its way arrives."""
        self.crashes, self.loss, self.durable = False, 0.0, True
        self.groups = dict.fromkeys(self.names, 0)
        for node in self.nodes.values():
            self.restart(node)
        self.settle()
        self.gossip()
        for node in self.nodes.values():
            if node.disk.unfinished:
                self.save(node, None)
                self.settle()
        self.gossip()

    def settle(self) -> None:
        """Let everything arrive and every proposer come to its end."""
        for _ in range(10_000):
            while self.network:
                self.deliver(*self.network.pop(0))
            waiting = [(n, run) for n in self.nodes.values() for run in n.proposals]
            if not waiting:
                return
            node, run = self.random.choice(waiting)
            self.feed(node, run, TimedOut())
        raise AssertionError("the cluster never came to rest")

    def gossip(self) -> None:
        """Every node tells every other one what it has, until nobody has anything to add."""
        for _ in range(len(self.names) + 2):
            for one, other in itertools.permutations(self.nodes.values(), 2):
                self.send(one, other.name, catching_up.status(one.disk))
            self.settle()

    def save_now(self, node: Node, *, forced: bool = False) -> Outcome:
        """A Save by an admin who looks at the present configuration first, with its outcome."""
        self.save(node, self.wish(node, base=node.disk.head.order, forced=forced))
        self.settle()
        return self.outcomes[-1]
