"""When a generation that this node came to have is used: when its text has been read.

Law: what is read at once is used at once. Another text is read apart from the event loop first, and
what the node has by then is used, in the order in which it came to have it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lvsm.core.errors import LvsmError
from lvsm.core.replication.disk import Disk

log = logging.getLogger(__name__)

Use = Callable[[Disk, Disk], None]
"""Use the head of the second disk; the first one is what was there before."""


class Using:
    """Stands between the disk, which changes, and whoever uses its head."""

    def __init__(
        self,
        use: Use,
        *,
        at_once: Callable[[str], bool] = lambda _text: True,
        prepare: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        """`at_once` says whether a text takes no time; `prepare` reads one that would."""
        self._use = use
        self._at_once = at_once
        self._prepare = prepare
        self._used: Disk | None = None
        self._now: Disk | None = None
        self._changed = asyncio.Event()

    def moved(self, before: Disk, after: Disk) -> None:
        """The disk changed."""
        if self._now is None and (before.head == after.head or self._at_once(after.head.text)):
            self._use(before, after)
            return
        self._used = self._used or before
        self._now = after
        self._changed.set()

    async def run(self) -> None:
        """Read what waits to be read, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            before, now = self._used, self._now
            if before is None or now is None:
                continue
            was_read = await self._read(now.head.text)
            if now is self._now:
                self._used = self._now = None
                if was_read:
                    self._use(before, now)

    async def _read(self, text: str) -> bool:
        try:
            if self._prepare is not None:
                await self._prepare(text)
        except (LvsmError, OSError) as error:
            log.warning("the newest generation cannot be read, and is not used: %s", error)
            return False
        return True
