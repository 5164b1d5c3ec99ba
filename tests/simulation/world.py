"""A cluster in one process, for tests of the Save protocol: nodes, and a bad network between them.

Everything that happens is drawn from one seeded source, so a run can be repeated. What went wrong
is found by `laws`, what was reached is counted in `tally`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from lvsm.core.generation import Generation, Order
from lvsm.core.replication import messages
from lvsm.core.replication.messages import (
    Accepted,
    Behind,
    Deliver,
    Disqualified,
    Envelope,
    Message,
    Outbid,
    Promise,
    Stranger,
    Superseded,
    Unfit,
    Want,
)
from lvsm.core.replication.outcomes import Arm, Command, Committed, Conflict, Finish, Outcome, Send
from lvsm.core.replication.proposal import Event, Patience, Phase, Proposal, Received, TimedOut
from lvsm.core.replication.wishes import Wish
from tests.simulation import tally as states
from tests.simulation.machines import NEVER, Crash, Machines, Node

ANSWERS = frozenset((Promise, Accepted, Superseded, Behind, Outbid, Disqualified, Unfit, Stranger))
"""What proposers are told of."""


@dataclass(slots=True, kw_only=True)
class World(Machines):
    """Machines, the messages between them, and what admins were told."""

    loss: float = 0.05
    patience: Patience = field(default_factory=lambda: Patience(attempts=8))
    deaf_to: type | None = None
    network: list[tuple[str, str, Envelope]] = field(default_factory=list)
    groups: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, Generation] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    wishes: dict[str, Wish] = field(default_factory=dict)
    runs: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        Machines.__post_init__(self)
        self.groups = dict.fromkeys(self.names, 0)

    # Messages

    def send(self, sender: Node, to: str, message: Message) -> None:
        envelope = sender.envelope(message)
        if self.wire:
            envelope = messages.decode(messages.encode(envelope))
        self.network.append((sender.name, to, envelope))

    def deliver(self, sender: str, to: str, envelope: Envelope) -> None:
        node = self.nodes[to]
        if not node.up:
            self.note(states.NETWORK, "nobody there")
        elif self.groups[sender] != self.groups[to]:
            self.note(states.NETWORK, "cut off")
        elif self.deaf_to is None or not isinstance(envelope.message, self.deaf_to):
            if self.trace is not None:
                self.trace(f"{sender} -> {to}: {envelope.message}")
            self.tally[states.NETWORK, "arrived"] += 1
            with suppress(Crash):
                self._receive(node, envelope)

    def _receive(self, node: Node, envelope: Envelope) -> None:
        message = envelope.message
        genesis = node.disk.genesis
        reply = self._answer(node, envelope)
        if node.disk.genesis != genesis:
            self.note(states.RECOVERED, "a machine joined")
        if isinstance(message, Want):
            reply = self.parts.deliver(node.disk, message, node.files.get)
        elif isinstance(message, Deliver) and message.generations:
            self.tally[states.RECOVERED, "missed generations were delivered"] += 1
        if reply is not None:
            self.send(node, envelope.sender, reply)
        for run in list(node.proposals) if type(message) in ANSWERS else ():
            self.feed(node, run, Received(envelope=envelope))

    def _answer(self, node: Node, envelope: Envelope) -> Message | None:
        answer = self.parts.answer(node.disk, envelope)
        self.write(node, answer.step, type(envelope.message))
        reply = answer.reply
        if reply is not None:
            vote = isinstance(reply, Promise) and reply.vote is not None
            self.tally[states.REPLIED, type(reply).__name__ + (" with a vote" if vote else "")] += 1
        return reply

    # What proposers do

    def save(self, node: Node, wish: Wish | None) -> str:
        run = f"run{next(self.ids)}"
        state, commands = self.parts.start(node.disk, wish, run=run, patience=self.patience)
        if wish is not None:
            self.wishes[run] = wish
            self.runs[wish.request].add(run)
        if self.trace is not None:
            self.trace(f"{node.name} begins {run}: {wish}")
        self._perform(node, run, state, commands)
        return run

    def feed(self, node: Node, run: str, event: Event) -> None:
        before = node.proposals[run]
        state, commands = self.parts.step(before, event)
        if state is not before:
            self._perform(node, run, state, commands)

    def _perform(
        self, node: Node, run: str, state: Proposal, commands: tuple[Command, ...]
    ) -> None:
        node.proposals[run] = state
        for command in commands:
            match command:
                case Send(to=to, message=message):
                    self.at(node, states.BEFORE_SEND, type(message))
                    self._transmit(node, to, message)
                case Finish(outcome=outcome):
                    self.at(node, states.BEFORE_END)
                    self._finish(node, run, outcome)
                case Arm():
                    pass
        if state.phase is Phase.DONE:
            node.proposals.pop(run, None)

    def _transmit(self, node: Node, to: str, message: Message) -> None:
        """Send; what goes to this node itself is durable at once, its answer comes as any other."""
        if to != node.name:
            self.send(node, to, message)
            return
        reply = self._answer(node, node.envelope(message))
        if reply is not None:
            self.send(node, node.name, reply)

    def _finish(self, node: Node, run: str, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        wish = self.wishes.get(run)
        self.note(states.ENDED, ended(outcome, wish))
        unsure = getattr(outcome, "unsure", False)
        if isinstance(outcome, Committed):
            if wish is None:
                self.note(states.RECOVERED, "somebody else's Save was finished")
            else:
                self._acknowledge(node, wish, outcome.generation)
        elif not unsure and not (isinstance(outcome, Conflict) and outcome.tried is not None):
            self.refused.add(run)

    def _acknowledge(self, node: Node, wish: Wish, generation: Generation) -> None:
        assert wish.came_true(generation), "the admin was told of somebody else's Save"
        assert generation.parent == wish.base[2], "saved over what the admin never saw"
        assert generation.order <= node.disk.head.order, "told before it was on this node's disk"
        self.acknowledged[generation.hash] = generation

    def reach(self, node: Node) -> dict[str, Node]:
        """Who is up and on this node's side, by name; the node itself included."""
        group = self.groups[node.name]
        return {n.name: n for n in self.nodes.values() if n.up and self.groups[n.name] == group}

    def insiders(self) -> set[str]:
        """The names of those that belong to the cluster, founders or joined."""
        genesis = self.nodes[self.members[0]].disk.genesis
        return {name for name, node in self.nodes.items() if node.disk.genesis == genesis}

    def wish(
        self, node: Node, *, base: Order, forced: bool = False, names: tuple[str, ...] = ()
    ) -> Wish:
        """A Save made at `node`; with `names`, those nodes stay in the configuration."""
        request = f"request{next(self.ids)}"
        before = node.disk.head.voters
        heard = {name: other.disk.incarnation for name, other in self.reach(node).items()}
        return Wish(
            request=request,
            base=base,
            text=f"# {request}\n",
            author="admin",
            node=node.name,
            saved_at=float(next(self.ids)),
            voters={name: heard.get(name) or before.get(name, "") for name in names or self.names},
            forced=forced,
        )

    # Quiet times

    def heal(self) -> None:
        """No more trouble from now on; what is on its way arrives."""
        self.mean_fuse, self.fuse, self.loss = 0, NEVER, 0.0
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
                arriving, self.network = self.network, []
                for message in arriving:
                    self.deliver(*message)
            waiting = [(n, run) for n in self.nodes.values() for run in n.proposals]
            if not waiting:
                return
            node, run = self.random.choice(waiting)
            with suppress(Crash):
                self.feed(node, run, TimedOut())
        raise AssertionError("the cluster never came to rest")

    def gossip(self) -> None:
        """Nodes tell each other what they have, until nobody has anything to add."""
        for _ in range(len(self.names) + 2):
            if self.all_alike():
                return
            for one, other in itertools.permutations(self.nodes.values(), 2):
                self.send(one, other.name, self.parts.status(one.disk))
            self.settle()

    def all_alike(self) -> bool:
        """Whether nobody has anything that another one lacks."""
        first, *others = (node.disk for node in self.nodes.values())
        return all(d.genesis == first.genesis and d.history == first.history for d in others)

    def save_now(self, node: Node, *, forced: bool = False) -> Outcome:
        """A Save by an admin who looks at the present configuration first, with its outcome."""
        self.save(node, self.wish(node, base=node.disk.head.order, forced=forced))
        self.settle()
        return self.outcomes[-1]


def ended(outcome: Outcome, wish: Wish | None) -> str:
    """How a Save ended, in a few words."""
    name = type(outcome).__name__
    if isinstance(outcome, Committed):
        return f"{name}, forced" if wish is not None and wish.forced else name
    if isinstance(outcome, Conflict):
        return f"{name}, after it was sent out" if outcome.tried is not None else name
    return f"{name}, unsure" if getattr(outcome, "unsure", False) else name
