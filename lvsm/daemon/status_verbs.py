"""The verbs by which people and programs look: STATUS, VIP LIST, VIP SHOW."""

from __future__ import annotations

from collections.abc import Callable

from lvsm.core import status as status_document
from lvsm.core.facts import Facts
from lvsm.core.handling import Reply
from lvsm.core.names import did_you_mean
from lvsm.core.session_actions import Request
from lvsm.daemon.knowledge import known
from lvsm.daemon.ports import Clock
from lvsm.daemon.requests import UnknownNameError, Verb, Verbs, readers, words
from lvsm.daemon.view import View


class StatusVerbs:
    """Answers from what this node knows."""

    def __init__(self, *, view: View, clock: Clock, own_facts: Callable[[], Facts]) -> None:
        """`own_facts` tells what this node is."""
        self._view = view
        self._clock = clock
        self._own_facts = own_facts

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "STATUS": Verb(self.status, readers, "the state of the whole cluster"),
            "VIP LIST": Verb(self.vip_list, readers, "all virtual services"),
            "VIP SHOW": Verb(self.vip_show, readers, "one virtual service: VIP SHOW name"),
        }

    async def status(self, request: Request, reply: Reply) -> str:
        """The whole state of the cluster as this node knows it."""
        words(request, 0)
        reply.item(status_document.status(self._known()))
        return "that is what this node knows"

    async def vip_list(self, request: Request, reply: Reply) -> str:
        """All virtual services."""
        words(request, 0)
        snapshot = self._known()
        for name in snapshot.configuration.vips:
            reply.item(status_document.vip(snapshot, name))
        return f"{len(snapshot.configuration.vips)} listed"

    async def vip_show(self, request: Request, reply: Reply) -> str:
        """One virtual service."""
        (name,) = words(request, 1)
        snapshot = self._known()
        if name not in snapshot.configuration.vips:
            advice = did_you_mean(name, snapshot.configuration.vips)
            raise UnknownNameError(f"there is no VIP {name!r}. {advice}")
        reply.item(status_document.vip(snapshot, name))
        return "shown"

    def _known(self) -> status_document.Known:
        return known(self._view, self._clock, self._own_facts())
