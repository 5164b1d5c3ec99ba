"""The verbs of nodes: NODE LIST, SHOW, STANDBY and ONLINE.

Law: a node on standby holds no group that another director can hold. Whether one can is looked at
before: if nobody can, standby is refused unless it is forced, and then the group stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lvsm.core import status as status_document
from lvsm.core.adjusting import standby
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts, Machine
from lvsm.core.handling import Reply
from lvsm.core.names import did_you_mean
from lvsm.core.overlay import Kind, Object, Word
from lvsm.core.session_actions import Request
from lvsm.core.status import Known
from lvsm.core.taking_over import Taking, takings
from lvsm.daemon.link_state import LinkState
from lvsm.daemon.overlay_answers import DRY_RUN, say
from lvsm.daemon.overlaying import Overlaying
from lvsm.daemon.ports import Clock
from lvsm.daemon.requests import (
    UnknownNameError,
    Verb,
    Verbs,
    only_options,
    operators,
    readers,
    switch,
    words,
)
from lvsm.daemon.view import View


class NobodyTakesOverError(LvsmError):
    """A node that holds groups has no successor for one of them."""

    code = "nobody-takes-over"


class NodeVerbs:
    """Shows nodes, and puts them on standby."""

    def __init__(
        self,
        *,
        view: View,
        clock: Clock,
        overlaying: Overlaying,
        known: Callable[[], Known],
        measure: Callable[[], Machine],
        link_of: Callable[[str], LinkState | None],
    ) -> None:
        """`known` takes a snapshot, `measure` looks at this machine, `link_of` at a connection."""
        self._view = view
        self._clock = clock
        self._overlaying = overlaying
        self._known = known
        self._measure = measure
        self._link_of = link_of

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "NODE LIST": Verb(self.list_all, readers, "all nodes, what they are and how"),
            "NODE SHOW": Verb(self.show, readers, "one node: NODE SHOW name"),
            "NODE STANDBY": Verb(
                self.standby,
                operators,
                "let other directors hold its groups: NODE STANDBY name reason=TEXT force=yes",
                changes=True,
            ),
            "NODE ONLINE": Verb(
                self.online, operators, "end a standby: NODE ONLINE name reason=TEXT", changes=True
            ),
        }

    async def list_all(self, request: Request, reply: Reply) -> str:
        """All nodes."""
        words(request, 0)
        known = self._known()
        names = status_document.all_nodes(known)
        for name in names:
            reply.item(self._document(known, name))
        return f"{len(names)} listed"

    async def show(self, request: Request, reply: Reply) -> str:
        """One node."""
        (name,) = words(request, 1)
        known = self._known()
        self._demand(name, status_document.all_nodes(known))
        reply.item(self._document(known, name))
        return "shown"

    async def standby(self, request: Request, reply: Reply) -> str:
        """Put a node on standby; `reason` is shown, `force` goes on though nobody takes over."""
        only_options(request, "reason", "force", DRY_RUN)
        wanted = self._object(request)
        found = self._takings(wanted.node)
        stuck = [one for one in found if one.successor is None]
        if stuck and not switch(request, "force"):
            names = ", ".join(one.group for one in stuck)
            raise NobodyTakesOverError(
                f"nobody can take {names} from {wanted.node} now (`lvsm status` says why): with"
                " force it would go on standby and keep what nobody takes"
            )
        return await self._say(request, reply, wanted, Word.STANDBY, found)

    async def online(self, request: Request, reply: Reply) -> str:
        """End a node's standby: it may hold groups again; `reason` is kept with it."""
        only_options(request, "reason", DRY_RUN)
        return await self._say(request, reply, self._object(request), None, [])

    async def _say(
        self,
        request: Request,
        reply: Reply,
        wanted: Object,
        value: Word | None,
        found: list[Taking],
    ) -> str:
        document, text = await say(self._overlaying, self._view, request, wanted, value)
        moves = [{"group": one.group, "vips": list(one.vips), "to": one.successor} for one in found]
        reply.item({**document, "moves": moves if document["undo"] else []})
        return text

    def _object(self, request: Request) -> Object:
        (name,) = words(request, 1)
        self._demand(name, list(self._view.members))
        return Object(kind=Kind.STANDBY, node=name)

    def _takings(self, node: str) -> list[Taking]:
        view = self._view
        peers = view.peers(self._clock.monotonic(), eligible=view.against is None)
        return takings(node, view.groups, peers)

    def _demand(self, name: str, names: list[str]) -> None:
        if name not in names:
            raise UnknownNameError(f"there is no node {name[:70]!r}. {did_you_mean(name, names)}")

    def _document(self, known: Known, name: str) -> dict[str, Any]:
        facts = known.facts.get(name)
        heard = self._view.heard.get(name)
        entry = standby(self._view.overlay, name)
        return {
            **status_document.node(known, name),
            "heard_ago_s": _ago(self._clock.monotonic(), heard.at if heard else None),
            "standby": status_document.said(known, entry),
            "interfaces": list(facts.addresses) if facts else [],
            "ipvs": facts.ipvs if facts else None,
            "schedulers": _schedulers(facts),
            **self._machine(name),
            **self._link(name),
        }

    def _machine(self, name: str) -> dict[str, Any]:
        now = self._clock.monotonic()
        measured = self._view.machines.get(name)
        at = measured.at if measured else None
        machine = (
            self._measure() if name == self._view.me else measured.machine if measured else None
        )
        return {
            "kernel": machine.kernel if machine else None,
            "load": machine.load if machine and machine.load >= 0 else None,
            "uptime_s": machine.uptime_s if machine else None,
            "free_bytes": machine.free_bytes if machine else None,
            "measured_ago_s": 0.0 if name == self._view.me else _ago(now, at),
        }

    def _link(self, name: str) -> dict[str, Any]:
        link = self._link_of(name)
        if link is None:
            return {"reachable": name == self._view.me, "clock_skew_s": None, "link": None}
        now, skew = self._clock.monotonic(), link.skew
        return {
            "reachable": link.since is not None,
            "clock_skew_s": round(skew.ahead, 3) if skew else None,
            "link": {
                "connected_s": _ago(now, link.since),
                "skew_off_by_s": round(skew.off_by, 4) if skew else None,
                "error": link.error or None,
                "error_ago_s": _ago(now, link.error_at) if link.error else None,
            },
        }


def _schedulers(facts: Facts | None) -> list[str] | None:
    return list(facts.schedulers) if facts and facts.schedulers is not None else None


def _ago(now: float, at: float | None) -> float | None:
    return None if at is None else round(max(0.0, now - at), 1)
