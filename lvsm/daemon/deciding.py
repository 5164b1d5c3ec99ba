"""Having the nodes decide: a wish goes to the proposer, and its end is put into words.

Law: what ended in a conflict is settled first: this node catches up, and only then says whether the
wish came true before the other one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from lvsm.core.generation import Generation, Order
from lvsm.core.model import SaveQuorum
from lvsm.core.replication import catching_up
from lvsm.core.replication.outcomes import (
    Busy,
    Committed,
    Conflict,
    Nothing,
    Outcome,
    Short,
    settled,
)
from lvsm.core.replication.proposal import Patience
from lvsm.core.replication.wishes import Wish
from lvsm.daemon.acquaintances import Acquaintances
from lvsm.daemon.ports import Clock
from lvsm.daemon.proposing import Proposer
from lvsm.daemon.save_errors import UNSURE, BusyError, ConflictError, conflict, short
from lvsm.daemon.saves import Saved
from lvsm.daemon.view import View
from lvsm.daemon.voter import Voter

log = logging.getLogger(__name__)

ANSWER_SECONDS = 1.5
BYTES_PER_SECOND = 4_000_000
SPREAD_SECONDS = 1.0
"""How long an answered Save waits for the nodes within reach to say that they have it."""
SETTLE_SECONDS = 3.0
"""How long a Save that met another one waits until this node knows the whole history."""
SUCCESSIONS = 8
"""How often a Save is made anew that only has to follow whatever was saved before."""


class Deciding:
    """One node's."""

    def __init__(
        self, *, view: View, voter: Voter, proposer: Proposer, known: Acquaintances, clock: Clock
    ) -> None:
        """Nothing is kept here."""
        self._view = view
        self._voter = voter
        self._proposer = proposer
        self._known = known
        self._clock = clock

    @property
    def head(self) -> Generation:
        """The newest committed generation that this node has."""
        return self._voter.disk.head

    async def succeed(self, make: Callable[[Generation], Wish | None]) -> Generation:
        """Bring about what `make` makes of the head, anew when another Save came first.

        None is nothing to do. Raises what `make` raises, and what `save` raises.
        """
        for attempt in range(SUCCESSIONS):
            head = self._voter.disk.head
            wish = make(head)
            if wish is None:
                return head
            outcome = await self.bring_about(wish)
            if not isinstance(outcome, Conflict) or attempt == SUCCESSIONS - 1:
                return (await self.conclude(wish, outcome)).generation
        raise TypeError("there has to be one attempt")

    async def finish(self) -> Outcome:
        """Finish what others began, and learn what is newest; raises OSError."""
        return await self._proposer.bring_about(None, self._patience(""))

    async def bring_about(self, wish: Wish) -> Outcome:
        """Save, and say how it ended; raises OSError when this node's disk refuses."""
        outcome = await self._proposer.bring_about(wish, self._patience(wish.text))
        if isinstance(outcome, Short) and not wish.forced and self._any_will_do():
            log.warning("saved without a majority, as save_quorum allows: %s", outcome)
            wish = replace(wish, forced=True)
            outcome = await self._proposer.bring_about(wish, self._patience(wish.text))
        if isinstance(outcome, Conflict) and outcome.tried is not None:
            await self._known.until(self._complete, SETTLE_SECONDS)
            outcome = settled(outcome, self._voter.disk.history, self._voter.read)
        return outcome

    async def conclude(self, wish: Wish, outcome: Outcome) -> Saved:
        """What a Save that ended so is answered; raises ConflictError and the like."""
        match outcome:
            case Committed(generation=generation, nodes=nodes):
                order = generation.order
                await self._known.until(lambda: self._known.all_have(order), SPREAD_SECONDS)
                log.info("generation %d saved by %s", generation.number, generation.author)
                have = nodes | self._known.having(order)
                return Saved(generation=generation, nodes=have, changed=True)
            case Conflict(head=head):
                raise await self.conflict(head, wish.base, wish.base[1])
            case Short():
                raise short(outcome, forced=wish.forced)
            case Busy(unsure=unsure):
                raise BusyError(
                    "others are saving at the same time, again and again: try once more"
                    + (UNSURE if unsure else "")
                )
            case Nothing():
                raise TypeError("a Save ended without having been made")

    async def conflict(self, head: Generation, base: Order | None, number: int) -> ConflictError:
        """That `head` is not the generation `number` that a text was made from, at `base`."""
        return await asyncio.to_thread(self._compared, head, base, number)

    def _compared(self, head: Generation, base: Order | None, number: int) -> ConflictError:
        before = None if base is None else self._voter.read(base[2])
        age = max(0.0, self._clock.now() - head.saved_at)
        return conflict(head, before, number=number, age=age)

    def says_the_same(self, newer: Generation | None, base: Order) -> bool:
        """Whether nothing but the users has changed since `base`."""
        head = newer
        for _ in range(SUCCESSIONS):
            if newer is None or head is None or newer.text != head.text:
                return False
            if newer.hash == base[2]:
                return True
            newer = self._voter.read(newer.parent)
        return False

    def _any_will_do(self) -> bool:
        return self._view.configuration.cluster.save_quorum is SaveQuorum.ANY

    def _complete(self) -> bool:
        """Whether this node knows what the nodes within reach know."""
        own = catching_up.status(self._voter.disk).digest
        return all(heard.status.digest == own for heard in self._known.fresh().values())

    def _patience(self, text: str) -> Patience:
        """Who was not heard for seconds is asked once only: it may just be coming back."""
        silent = set(self._voter.disk.head.voters) - set(self._known.fresh()) - {self._view.me}
        return Patience(
            answer=ANSWER_SECONDS + len(text) / BYTES_PER_SECOND, resends=0 if silent else 2
        )
