"""This node's overlay: said by operators, heard from other nodes, kept on the disk, in use.

Law: what was said or heard is durable on this node before it is used, answered or passed on. No
majority is asked. What only grows old here, tombstones and entries of objects that are gone, is
pruned when no node can miss it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from lvsm.core.adjusting import unseen
from lvsm.core.events import Happening
from lvsm.core.overlay import (
    Entry,
    Object,
    Overlay,
    Word,
    merge,
    say,
    without_tombstones,
)
from lvsm.core.overlay_words import changes_told
from lvsm.daemon.ports import Clock, OverlayStore
from lvsm.daemon.view import View

log = logging.getLogger(__name__)

PRUNE_EVERY_SECONDS = 60.0
UNSEEN_SECONDS = 3600.0
"""How long an object has to be gone from the configuration before its entry is removed."""
TOMBSTONE_SECONDS = 86_400.0
"""The age from which a tombstone is dropped once all nodes agree: no message is older than that."""
PRUNER = "plvsd"


class Overlaying:
    """Owns the view's overlay: the only one that changes it."""

    def __init__(
        self,
        *,
        view: View,
        store: OverlayStore,
        clock: Clock,
        tell: Callable[[Happening], None],
        publish: Callable[[], None],
    ) -> None:
        """`tell` tells those who watch, `publish` wakes the links to the other nodes."""
        self._view = view
        self._store = store
        self._clock = clock
        self._tell = tell
        self._publish = publish
        self._turn = asyncio.Lock()
        self._unseen: dict[Object, float] = {}

    def load(self) -> None:
        """Use what this node kept."""
        self._view.overlay = self._store.read()

    async def say(
        self, changes: Iterable[tuple[Object, int | Word | None]], *, author: str, reason: str
    ) -> None:
        """Have operators' words hold from now on; raises OverlayFullError, OSError."""

        def said(overlay: Overlay) -> Overlay:
            for wanted, value in changes:
                overlay = say(
                    overlay,
                    wanted,
                    value,
                    author=author,
                    reason=reason,
                    at=self._clock.now(),
                    epoch=self._view.generation.epoch,
                    node=self._view.me,
                )
            return overlay

        await self._change(said)

    async def hear(self, entries: Iterable[Entry]) -> None:
        """Take what another node has; raises OverlayFullError, OSError."""
        await self._change(lambda overlay: merge(overlay, entries))

    async def run(self) -> None:
        """Prune now and then, for ever."""
        while True:
            await asyncio.sleep(PRUNE_EVERY_SECONDS)
            try:
                await self.prune()
            except OSError as error:
                log.warning("the overlay cannot be pruned: %s", error)

    async def prune(self) -> None:
        """Remove what belongs to objects that are long gone, and tombstones that all nodes know."""
        view = self._view
        now = self._clock.monotonic()
        gone = unseen(view.overlay, view.configuration, frozenset(view.members))
        self._unseen = {wanted: self._unseen.get(wanted, now) for wanted in gone}
        old = [o for o, since in self._unseen.items() if now - since >= UNSEEN_SECONDS]
        if old and view.behind_since is None:
            await self.say(
                [(wanted, None) for wanted in old],
                author=PRUNER,
                reason="no longer in the configuration",
            )
        if self._all_agree(now):
            before = self._clock.now() - TOMBSTONE_SECONDS
            await self._change(lambda overlay: without_tombstones(overlay, before=before))

    def _all_agree(self, now: float) -> bool:
        fresh = self._view.fresh(now)
        others = set(self._view.members) - {self._view.me}
        mine = self._view.overlay.digest
        return others <= fresh.keys() and all(fresh[name].overlay == mine for name in others)

    async def _change(self, change: Callable[[Overlay], Overlay]) -> None:
        async with self._turn:
            before = self._view.overlay
            after = change(before)
            if after is before:
                return
            await asyncio.to_thread(self._store.keep, after)
            self._view.overlay = after
            for happening in changes_told(before, after):
                log.info("overlay: %s", happening.text())
                self._tell(happening)
            self._view.touch()
            if after.digest != before.digest:
                self._publish()
