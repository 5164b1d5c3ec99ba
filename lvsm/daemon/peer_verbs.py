"""The verbs of other nodes: what they are, what they have, and what they ask for."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from lvsm.core import facts as facts_text
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.overlay import entries_in
from lvsm.core.replication import messages as save_messages
from lvsm.core.session_actions import Request
from lvsm.daemon.caretaking import Caretaker
from lvsm.daemon.control import Control
from lvsm.daemon.counting import Counting
from lvsm.daemon.couriers import to_item
from lvsm.daemon.overlaying import Overlaying
from lvsm.daemon.ports import Clock
from lvsm.daemon.requests import Verb, Verbs, literal, nodes, text, words
from lvsm.daemon.view import Heard, Measured, View


class PeerVerbs:
    """Takes what other nodes say; a node speaks for itself only."""

    def __init__(
        self,
        *,
        view: View,
        control: Control,
        caretaker: Caretaker,
        overlaying: Overlaying,
        counting: Counting,
        clock: Clock,
    ) -> None:
        """Nothing is kept here."""
        self._overlaying = overlaying
        self._counting = counting
        self._view = view
        self._control = control
        self._caretaker = caretaker
        self._clock = clock

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "GROUP ASK": Verb(self.group_ask, nodes, "a director asks for a group"),
            "PEER FACTS": Verb(self.peer_facts, nodes, "what a node is and has"),
            "PEER OVERLAY": Verb(self.peer_overlay, nodes, "what a node's overlay says"),
            "PEER CONNECTIONS": Verb(
                self.peer_connections, nodes, "the connections of virtual services, a name a line"
            ),
            "PEER SAVE": Verb(self.peer_save, nodes, "a message of the Save protocol"),
        }

    async def group_ask(self, request: Request, reply: Reply) -> str:
        """A more preferred director asks for a group that this node holds."""
        (group,) = words(request, 1)
        return "offered" if self._control.asked(group, request.principal.name) else "not yet"

    async def peer_facts(self, request: Request, reply: Reply) -> str:
        """What another node is and has."""
        facts = facts_text.decode(literal(request))
        node = request.principal.name
        if facts.node != node:
            raise BadRequestError(f"{node} sent facts of {facts.node}")
        before = self._view.heard.get(node)
        now = self._clock.monotonic()
        if facts.machine is not None:
            self._view.machines[node] = Measured(machine=facts.machine, at=now)
            facts = replace(facts, machine=None)
        self._view.heard[node] = Heard(facts=facts, at=now)
        reply.item({"now": self._clock.now()})
        if before is None or before.facts != facts:
            self._view.touch()
        return "noted"

    async def peer_overlay(self, request: Request, reply: Reply) -> str:
        """What another node's overlay says; durable here before the OK."""
        await self._overlaying.hear(entries_in(literal(request)))
        return "kept"

    async def peer_connections(self, request: Request, reply: Reply) -> str:
        """What this node's kernel counts."""
        for load in await self._counting.here(text(request).splitlines()):
            reply.item(msgspec.to_builtins(load))
        return "counted"

    async def peer_save(self, request: Request, reply: Reply) -> str:
        """A message of the Save protocol: the answer, if there is one, is the only item.

        What it changes is durable when the answer goes out.
        """
        envelope = save_messages.decode(literal(request))
        node = request.principal.name
        if envelope.sender != node:
            raise BadRequestError(f"{node} sent a message of {envelope.sender}")
        reply.item(to_item(await self._caretaker.heard(envelope)))
        return "taken"
