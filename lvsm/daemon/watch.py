"""Watching heartbeat: whether it runs, and what it says of the nodes.

Changes arrive as events from heartbeat's scripts (`member`, `joined`, `leaving`); asking it is only
how a plvsd that starts later, or that missed an event, finds out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lvsm.core.eligibility import ACTIVE, DEAD
from lvsm.core.events import Happening, HeartbeatChanged, MemberChanged
from lvsm.daemon.ports import Clock, Heartbeat
from lvsm.daemon.view import View

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
JOINING_SECONDS = 0.5
CHECK_SECONDS = 10.0


class Watch:
    """Keeps the view's picture of heartbeat."""

    def __init__(
        self,
        *,
        view: View,
        heartbeat: Heartbeat,
        clock: Clock,
        lost: Callable[[str], None],
        tell: Callable[[Happening], None],
    ) -> None:
        """`lost(node)` is called when heartbeat declares a node dead; `tell` tells who watches."""
        self._view = view
        self._heartbeat = heartbeat
        self._clock = clock
        self._lost = lost
        self._tell = tell
        self._events: set[str] = set()
        self._ask_now = True
        self._asked_at = float("-inf")

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self._look()
            if self._due():
                await self._ask()
            await asyncio.sleep(LOOK_SECONDS)

    def member(self, node: str, status: str) -> None:
        """Heartbeat says that `node` now is `status` (harc's event)."""
        view = self._view
        if view.statuses.get(node) == ACTIVE and status not in (ACTIVE, DEAD):
            # heartbeat runs its scripts one after the other: this one may tell of the past.
            self._ask_now = True
            return
        self._events.add(node)
        if view.statuses.get(node) == status and status != DEAD:
            return
        log.info("heartbeat: %s is %s", node, status)
        self._tell(MemberChanged(member=node, status=status))
        view.statuses[node] = status
        if status == DEAD and node != view.me:
            view.heard.pop(node, None)
            self._lost(node)
        view.touch()

    def joined(self) -> None:
        """Heartbeat's communications are up, or a node died (req_resource's event)."""
        self._look()
        if self._view.leaving:
            log.info("heartbeat is back")
            self._tell(HeartbeatChanged(state="back"))
            self._view.leaving = False
        self._ask_now = True
        self._view.touch()

    def leaving(self) -> None:
        """Heartbeat gives everything up: it stops, or starts anew after a healed partition."""
        log.info("heartbeat gives its resources up")
        self._tell(HeartbeatChanged(state="leaving"))
        self._view.leaving = True
        self._view.touch()

    def _look(self) -> None:
        view = self._view
        instance = self._heartbeat.instance()
        if instance == view.heartbeat:
            return
        log.info("heartbeat %s", "does not run" if instance is None else f"runs ({instance})")
        self._tell(HeartbeatChanged(state="gone" if instance is None else "runs"))
        view.heartbeat = instance
        view.heartbeat_since = self._clock.monotonic()
        view.leaving = False
        view.statuses.clear()
        self._ask_now = True
        view.touch()

    def _due(self) -> bool:
        view = self._view
        if view.heartbeat is None:
            view.watched = True
            return False
        waited = self._clock.monotonic() - self._asked_at
        joining = view.statuses.get(view.me) != ACTIVE
        return self._ask_now or waited >= (JOINING_SECONDS if joining else CHECK_SECONDS)

    async def _ask(self) -> None:
        self._events.clear()
        self._ask_now = False
        self._asked_at = self._clock.monotonic()
        found = await self._heartbeat.statuses(self._view.members)
        for node, status in found.items():
            # An event that came while heartbeat was asked is newer than its answer.
            if node not in self._events and self._view.statuses.get(node) != status:
                self.member(node, status)
        self._view.watched = True
        self._view.touch()
