"""The verbs of realservers while the cluster runs: RS LIST, WEIGHT, DRAIN, ENABLE and DISABLE.

Law: these change the overlay, never the configuration's text. What was done is on this node's disk
before the OK, and each answer has the command that takes it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lvsm.core import status as status_document
from lvsm.core.desired import address_of
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.model import Protocol, Realserver, VirtualService
from lvsm.core.names import did_you_mean
from lvsm.core.operations import DestinationLoad
from lvsm.core.overlay import HEAVIEST, Kind, Object, Word
from lvsm.core.overlay_words import CONFIGURED, command, object_text
from lvsm.core.session_actions import Request
from lvsm.core.status import Known
from lvsm.daemon.counting import Counting
from lvsm.daemon.overlay_answers import DRY_RUN, say
from lvsm.daemon.overlaying import Overlaying
from lvsm.daemon.requests import (
    UnknownNameError,
    Verb,
    Verbs,
    only_options,
    operators,
    readers,
    words,
)
from lvsm.daemon.view import View


class RsVerbs:
    """Shows realservers and says what holds of them."""

    def __init__(
        self, *, view: View, overlaying: Overlaying, counting: Counting, known: Callable[[], Known]
    ) -> None:
        """`known()` takes the snapshot of which documents are made."""
        self._view = view
        self._overlaying = overlaying
        self._counting = counting
        self._known = known

    def table(self) -> Verbs:
        """Each verb with its handler."""
        one = "{0} vip rs reason=TEXT, or {0} node=NODE for all its virtual services"
        return {
            "RS LIST": Verb(
                self.list_all, readers, "realservers with their connections: RS LIST vip node=NODE"
            ),
            "RS WEIGHT": Verb(
                self.weight,
                operators,
                f"another weight while running: RS WEIGHT vip rs N, or {CONFIGURED} for N",
                changes=True,
            ),
            "RS DRAIN": Verb(
                self.drain,
                operators,
                f"no new connections: {one.format('RS DRAIN')}",
                changes=True,
            ),
            "RS DISABLE": Verb(
                self.disable,
                operators,
                f"out of the tables: {one.format('RS DISABLE')}",
                changes=True,
            ),
            "RS ENABLE": Verb(
                self.enable,
                operators,
                f"as configured again: {one.format('RS ENABLE')}",
                changes=True,
            ),
        }

    async def list_all(self, request: Request, reply: Reply) -> str:
        """The realservers of one virtual service or of all; `node` names one of them.

        `live` are the connections that hold a realserver back from being switched off, as the
        holder's kernel counts them; null when no holder answers.
        """
        only_options(request, "node")
        vips = self._view.configuration.vips
        names = [self._vip(request.args[0]).name] if request.args else list(vips)
        words(request, min(len(request.args), 1))
        node = request.options.get("node")
        if node is not None:
            self._known_node(node)
        names = [n for n in names if node is None or node in _nodes(vips[n])]
        counted = await self._counting.everywhere(names)
        known, count = self._known(), 0
        for name in names:
            for member, document in status_document.members(known, name):
                if node in (None, member.node):
                    loads = self._loads(known, vips[name], member, counted.get(name))
                    reply.item({"vip": name, **document, **loads})
                    count += 1
        return f"{count} listed"

    @staticmethod
    def _loads(
        known: Known,
        vip: VirtualService,
        member: Realserver,
        loads: list[DestinationLoad] | None,
    ) -> dict[str, Any]:
        address = address_of(known.configuration, member.node)
        mine = [load for load in loads or () if load.address == str(address)]
        mine = [load for load in mine if load.port == (member.port or load.key.port)]
        active, inactive = (sum(getattr(load, n) for load in mine) for n in ("active", "inactive"))
        live = active if vip.protocol is not Protocol.UDP else active + inactive
        return {
            "table_weight": mine[0].weight if mine else None,
            "active": active if loads is not None else None,
            "inactive": inactive if loads is not None else None,
            "live": live if loads is not None else None,
        }

    async def weight(self, request: Request, reply: Reply) -> str:
        """Another weight for a realserver until it is reset; `reason` is shown beside it."""
        vip, name, given = words(request, 3)
        wanted = self._object(Kind.WEIGHT, vip, name)
        return await self._say(request, reply, wanted, _weight(given))

    async def drain(self, request: Request, reply: Reply) -> str:
        """Weight 0: no new connections, and the established ones live on."""
        return await self._say(request, reply, self._which(request), Word.DRAINING)

    async def disable(self, request: Request, reply: Reply) -> str:
        """Out of the directors' tables: its connections end."""
        return await self._say(request, reply, self._which(request), Word.DISABLED)

    async def enable(self, request: Request, reply: Reply) -> str:
        """As the configuration has it; ends a drain and a disabling."""
        return await self._say(request, reply, self._which(request), None)

    async def _say(
        self, request: Request, reply: Reply, wanted: Object, value: int | Word | None
    ) -> str:
        options = ("reason", DRY_RUN) if wanted.vip else ("reason", "node", DRY_RUN)
        only_options(request, *options)
        document, text = await say(self._overlaying, self._view, request, wanted, value)
        broader = self._view.overlay.get(Object(kind=Kind.STATE, node=wanted.node))
        if wanted.vip and wanted.kind is Kind.STATE and broader is not None:
            undo = command(broader.object, None)
            document["note"] = f"{object_text(broader.object)} is {broader.value}: `{undo}` ends it"
        reply.item(document)
        return text

    def _which(self, request: Request) -> Object:
        """The realserver of a virtual service, or of all of them by `node`."""
        node = request.options.get("node")
        if node is None:
            vip, name = words(request, 2)
            return self._object(Kind.STATE, vip, name)
        words(request, 0)
        return Object(kind=Kind.STATE, node=self._known_node(node))

    def _object(self, kind: Kind, vip: str, text: str) -> Object:
        entry = self._vip(vip)
        node, _, port = text.partition(":")
        there = {m.node for m in entry.realservers} | {
            f"{m.node}:{m.port}" for m in entry.realservers if m.port
        }
        if text not in there:
            advice = did_you_mean(text, there)
            raise UnknownNameError(f"{vip} has no realserver {text[:70]!r}. {advice}")
        return Object(kind=kind, node=node, vip=vip, port=int(port or 0))

    def _vip(self, name: str) -> VirtualService:
        vips = self._view.configuration.vips
        if name not in vips:
            raise UnknownNameError(f"there is no VIP {name[:70]!r}. {did_you_mean(name, vips)}")
        return vips[name]

    def _known_node(self, name: str) -> str:
        there = {node for vip in self._view.configuration.vips.values() for node in _nodes(vip)}
        if name not in there:
            advice = did_you_mean(name, there)
            raise UnknownNameError(f"there is no realserver {name[:70]!r}. {advice}")
        return name


def _nodes(vip: VirtualService) -> set[str]:
    return {member.node for member in vip.realservers}


def _weight(text: str) -> int | None:
    if text == CONFIGURED:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= HEAVIEST):
        raise BadRequestError(f"a weight is 0 to {HEAVIEST}, or {CONFIGURED}: not {text[:40]!r}")
    return int(text)
