"""What the other nodes said last about their replicated state, and waiting until they say more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lvsm.core.generation import Order
from lvsm.core.replication.messages import Envelope, Learned
from lvsm.core.replication.serving import Heard
from lvsm.daemon.ports import Clock
from lvsm.daemon.voter import Voter

FRESH_SECONDS = 4.0
"""A node that said nothing for longer is out of reach; each says something once a second."""


class Acquaintances:
    """What was heard; moments are monotonic seconds."""

    def __init__(self, *, voter: Voter, clock: Clock) -> None:
        """Nobody was heard yet."""
        self._voter = voter
        self._clock = clock
        self._incarnations: dict[str, str] = {}
        self._heard: dict[str, tuple[float, Heard]] = {}
        self._more = asyncio.Condition()

    async def note(self, envelope: Envelope) -> None:
        """Remember who sent it, and the sender's state if it tells that."""
        if envelope.genesis != self._voter.disk.genesis:
            return
        self._incarnations[envelope.sender] = envelope.incarnation
        if isinstance(envelope.message, Learned):
            heard = Heard(incarnation=envelope.incarnation, status=envelope.message)
            self._heard[envelope.sender] = (self._clock.monotonic(), heard)
        async with self._more:
            self._more.notify_all()

    def incarnations(self) -> dict[str, str]:
        """The disks' incarnations that were heard, this node's included."""
        disk = self._voter.disk
        return {**self._incarnations, disk.me: disk.incarnation}

    def fresh(self) -> dict[str, Heard]:
        """What the nodes within reach said last."""
        since = self._clock.monotonic() - FRESH_SECONDS
        return {name: heard for name, (at, heard) in self._heard.items() if at >= since}

    def having(self, order: Order) -> frozenset[str]:
        """The nodes within reach that have this generation or a newer one, this one included."""
        found = {name for name, heard in self.fresh().items() if heard.status.head >= order}
        if self._voter.disk.head.order >= order:
            found.add(self._voter.disk.me)
        return frozenset(found)

    def all_have(self, order: Order) -> bool:
        """Whether all nodes within reach have it."""
        return self.having(order) >= set(self.fresh())

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds, which may change when somebody says something."""
        try:
            async with asyncio.timeout(seconds), self._more:
                await self._more.wait_for(condition)
        except TimeoutError:
            return False
        return True
