"""What becomes of a Save that has to be confirmed, and what this node may say of what it uses.

Law: nothing here decides anything: `core.replication` says what is due, and rolling back is a Save
like any other. Each node asks for it when the time is up, after a pause of its own by chance; all
ask for one and the same thing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lvsm.core.generation import Generation
from lvsm.core.replication.confirming import Course, applied
from lvsm.core.replication.serving import Serving, serving
from lvsm.core.replication.unconfirmed import unconfirmed
from lvsm.daemon.acquaintances import Acquaintances
from lvsm.daemon.ports import Clock
from lvsm.daemon.replicator import Replicator
from lvsm.daemon.view import View
from lvsm.daemon.voter import Voter

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
SPREAD_SECONDS = 1.0
AGAIN_SECONDS = 3.0
PATIENCE_SECONDS = 5.0
"""How long a node that has just started may look for the others before it falls back alone."""


class Confirming:
    """One node's."""

    def __init__(
        self,
        *,
        view: View,
        voter: Voter,
        replicator: Replicator,
        known: Acquaintances,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        """`chance` is one of [0, 1)."""
        self._view = view
        self._voter = voter
        self._replicator = replicator
        self._known = known
        self._clock = clock
        self._chance = chance
        self._said = ""

    def serving(self) -> Serving:
        """What this node serves, and whether a majority says that it is the newest."""
        return serving(self._voter.disk, self._known.fresh())

    async def run(self) -> None:
        """Look for ever."""
        started = self._clock.monotonic()
        while True:
            seconds = LOOK_SECONDS
            head = self._voter.disk.head
            course = self._look(head)
            young = self._clock.monotonic() - started < PATIENCE_SECONDS
            if course is Course.ROLL_BACK:
                seconds = await self._roll_back(head)
            elif course is Course.FALL_BACK and not young:
                await asyncio.to_thread(self._replicator.fall_back, head)
            await asyncio.sleep(seconds)

    def _look(self, head: Generation) -> Course:
        """What is due; the view is told what people are shown.

        What is true for a moment only, as while a Save is on its way, is not shown.
        """
        served = self.serving()
        course = applied(head, None, now=self._clock.now(), majority=served.saves).course
        said = unconfirmed(served, course)
        stays, self._said = said == self._said, said
        if stays and said != self._view.unconfirmed:
            log.info("%s", said or f"generation {head.number} is confirmed")
            self._view.unconfirmed = said
            self._view.touch()
        return course

    async def _roll_back(self, head: Generation) -> float:
        """Ask for it, unless another node was quicker; the seconds until the next look."""
        await asyncio.sleep(SPREAD_SECONDS * self._chance())
        if self._voter.disk.head.hash != head.hash:
            return 0.0
        log.info("nobody confirmed generation %d in time: rolling back", head.number)
        try:
            done = await self._replicator.roll_back(head)
        except OSError as error:
            log.warning("generation %d cannot be rolled back: %s", head.number, error)
            done = False
        return LOOK_SECONDS if done else AGAIN_SECONDS
