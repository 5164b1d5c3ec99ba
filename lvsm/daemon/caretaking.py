"""What goes on between Saves: nodes tell each other what they have, and finish what was begun.

Law: nothing here decides anything. Telling one's state starts `catching_up`, which ends with equal
histories; a vote that stays on this disk for some seconds is finished by a proposer without a wish.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lvsm.core.replication import catching_up
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.messages import Envelope, Learned, Stranger
from lvsm.core.replication.outcomes import Outcome, Short
from lvsm.daemon.acquaintances import Acquaintances
from lvsm.daemon.proposing import Proposer
from lvsm.daemon.voter import Voter

log = logging.getLogger(__name__)

TELL_SECONDS = 1.0
FINISH_SECONDS = 2.0
"""How long a vote may wait for whoever asked for it to finish."""
FINISH_SPREAD_SECONDS = 2.0
LATER_SECONDS = 10.0
"""When it is tried again, if too few nodes were there to finish it."""


class Caretaker:
    """Takes the other nodes' messages, and tells them this node's state."""

    def __init__(
        self,
        *,
        voter: Voter,
        proposer: Proposer,
        known: Acquaintances,
        names: tuple[str, ...],
        send: Callable[[str, Envelope], None],
        finish: Callable[[], Awaitable[Outcome]],
        chance: Callable[[], float],
    ) -> None:
        """`names` are the other nodes; `finish` runs a proposer without a wish."""
        self._voter = voter
        self._proposer = proposer
        self._known = known
        self._names = names
        self._send = send
        self._finish = finish
        self._chance = chance
        self._wake = asyncio.Event()
        self._told: Learned | None = None
        self._strangers: set[str] = set()

    async def heard(self, envelope: Envelope) -> Envelope | None:
        """Take a message, and say what is to be sent back; raises OSError."""
        if isinstance(envelope.message, Stranger):
            self._note_stranger(envelope)
        reply = await self._voter.answer(envelope)
        await self._known.note(envelope)
        self._proposer.received(envelope)
        return reply

    def moved(self, _before: Disk, after: Disk) -> None:
        """The disk changed: the others hear of it at once."""
        if catching_up.status(after) != self._told:
            self._wake.set()

    async def run(self) -> None:
        """Tell and finish, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_telling())
            group.create_task(self._keep_finishing())

    async def _keep_telling(self) -> None:
        while True:
            self._wake.clear()
            self._told = catching_up.status(self._voter.disk)
            for name in self._names:
                self._send(name, self._voter.envelope(self._told))
            try:
                async with asyncio.timeout(TELL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _keep_finishing(self) -> None:
        if not self._voter.disk.unfinished:
            await self._pause(FINISH_SECONDS)
        while True:
            vote = self._voter.disk.vote
            seconds = FINISH_SECONDS
            if vote is not None and not self._proposer.busy:
                seconds = await self._finish_one()
            await self._pause(seconds)
            while self._voter.disk.vote is not None and self._voter.disk.vote != vote:
                vote = self._voter.disk.vote
                await self._pause(FINISH_SECONDS)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds + FINISH_SPREAD_SECONDS * self._chance())

    async def _finish_one(self) -> float:
        try:
            outcome = await self._finish()
        except OSError as error:
            log.warning("a Save that was begun cannot be finished: %s", error)
            return LATER_SECONDS
        log.info("a Save that was begun and not ended: %s", type(outcome).__name__.lower())
        return LATER_SECONDS if isinstance(outcome, Short) else FINISH_SECONDS

    def _note_stranger(self, envelope: Envelope) -> None:
        if envelope.sender not in self._strangers:
            self._strangers.add(envelope.sender)
            log.error(
                "%s belongs to another cluster: its ha.cf named other nodes when it began, or its"
                " disk is from elsewhere; nothing is saved together with it",
                envelope.sender,
            )
