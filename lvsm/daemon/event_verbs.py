"""The verbs of heartbeat's scripts: each notes what they say and wakes the control loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lvsm.core.handling import Reply
from lvsm.core.session_actions import Request
from lvsm.daemon.control import Control
from lvsm.daemon.heartbeat_events import Notes
from lvsm.daemon.requests import UnknownNameError, Verb, Verbs, events, root, words
from lvsm.daemon.view import View
from lvsm.daemon.watch import Watch

_HELP = {
    "EVENT MEMBER": "heartbeat: a node's status",
    "EVENT HEARTBEAT": "heartbeat: it is up",
    "EVENT TAKE": "heartbeat: look who takes what",
    "GROUP START": "heartbeat: look who takes what",
}
STOP_SECONDS = 0.8
"""How long heartbeat's stop waits for a group to be gone; its script gives up after one second."""


class EventVerbs:
    """Takes what heartbeat's scripts report."""

    def __init__(self, *, view: View, watch: Watch, control: Control) -> None:
        """Nothing is kept here."""
        self._view = view
        self._watch = watch
        self._control = control

    def notes(self) -> Notes:
        """What heartbeat's scripts may also write into their pipe, since nobody waits for it."""
        return {
            "EVENT MEMBER": self.member,
            "EVENT HEARTBEAT": self.up,
            "EVENT TAKE": self.up,
            "GROUP START": self.up,
        }

    def table(self) -> Verbs:
        """Each verb with its handler."""
        noting = {
            name: Verb(_answer(note), events if name.startswith("EVENT ") else root, _HELP[name])
            for name, note in self.notes().items()
        }
        return {
            **noting,
            "EVENT GIVE": Verb(self.event_give, events, "heartbeat: it gives everything up"),
            "GROUP STOP": Verb(self.group_stop, root, "let a group go: GROUP STOP group"),
        }

    def member(self, request: Request) -> str:
        """Heartbeat's harc: a node's status changed."""
        node, status = words(request, 2)
        if node not in self._view.members:
            raise UnknownNameError(f"{node} is no node of this cluster's ha.cf")
        self._watch.member(node, status)
        return "noted"

    def up(self, _request: Request) -> str:
        """Heartbeat's req_resource: its communications are up, or a node died."""
        self._watch.joined()
        return "noted"

    async def event_give(self, request: Request, reply: Reply) -> str:
        """Heartbeat gives its resources up: whoever else may hold them is to take them."""
        self._watch.leaving()
        return "noted"

    async def group_stop(self, request: Request, reply: Reply) -> str:
        """Let a group go now; answered when this node does not hold it any more, or in 0.8 s."""
        (group,) = words(request, 1)
        view = self._view
        if group in view.held:
            self._control.offer(group, "asked to stop it")
            view.touch()
        async with asyncio.timeout(STOP_SECONDS), view.stepped:
            await view.stepped.wait_for(lambda: group not in view.held | set(view.offered))
        return "released"


def _answer(note: Callable[[Request], str]) -> Callable[[Request, Reply], Awaitable[str]]:
    async def handle(request: Request, _reply: Reply) -> str:
        return note(request)

    return handle
