"""The overlay on its way to the other nodes: over a connection of its own, when it is needed.

Law: to a node whose facts have this node's digest nothing is sent. Who has another one is sent all
of it, and says by its next facts what came of that. Facts have connections of their own (`peers`),
so no slow disk at the other end makes a node look dead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lvsm.core.errors import LvsmError
from lvsm.core.overlay import Overlay, messages
from lvsm.daemon.ports import Clock, Dial, Link

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
AGAIN_SECONDS = 5.0
"""When the same is sent again to a node whose facts have not changed by it."""


@dataclass(slots=True, kw_only=True)
class _Way:
    """What was sent to one node: both digests and when; and what was said of it in the log."""

    name: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sent: tuple[str, str] = ("", "")
    at: float = 0.0
    said: str = ""


class Spreading:
    """The ways to all other nodes."""

    def __init__(
        self,
        *,
        names: tuple[str, ...],
        dial: Dial,
        clock: Clock,
        overlay: Callable[[], Overlay],
        digest_of: Callable[[str], str | None],
    ) -> None:
        """`digest_of` gives what a node's fresh facts say of its overlay, None without such."""
        self._ways = tuple(_Way(name=name) for name in names)
        self._dial = dial
        self._clock = clock
        self._overlay = overlay
        self._digest_of = digest_of

    def changed(self) -> None:
        """This node's overlay is another one: look at once."""
        for way in self._ways:
            way.wake.set()

    async def run(self) -> None:
        """Spread for ever."""
        async with asyncio.TaskGroup() as group:
            for way in self._ways:
                group.create_task(self._keep(way), name=f"overlay to {way.name}")

    async def _keep(self, way: _Way) -> None:
        while True:
            way.wake.clear()
            overlay, theirs = self._overlay(), self._digest_of(way.name)
            if theirs and self._lacks(way, overlay.digest, theirs):
                await self._send(way, overlay, theirs)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await way.wake.wait()
            except TimeoutError:
                continue

    def _lacks(self, way: _Way, mine: str, theirs: str) -> bool:
        waited = self._clock.monotonic() - way.at >= AGAIN_SECONDS
        return mine != theirs and (way.sent != (mine, theirs) or waited)

    async def _send(self, way: _Way, overlay: Overlay, theirs: str) -> None:
        way.sent, way.at = (overlay.digest, theirs), self._clock.monotonic()
        try:
            async with connected(self._dial, way.name) as link:
                for message in messages(overlay):
                    await link.request("PEER OVERLAY", message)
        except (LvsmError, OSError, TimeoutError) as error:
            if str(error) != way.said:
                log.warning("%s did not take the overlay: %s", way.name, error)
                way.said = str(error)
        else:
            way.said = ""


@asynccontextmanager
async def connected(dial: Dial, node: str) -> AsyncIterator[Link]:
    """A connection to another node for a few requests; raises LvsmError, OSError."""
    link = await dial(node)
    try:
        yield link
    finally:
        await link.close()
