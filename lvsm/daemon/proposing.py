"""Bringing a Save about: performs what the pure proposer wants done, one proposer at a time.

Law: commands are performed in their order, and a message to oneself goes through the own voter, so
it is durable before the next command. Answers that come meanwhile wait in a queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lvsm.core.replication import proposer
from lvsm.core.replication.messages import Envelope, Learn
from lvsm.core.replication.outcomes import Arm, Command, Finish, Outcome, Send
from lvsm.core.replication.proposal import Patience, Proposal, Received, TimedOut
from lvsm.core.replication.wishes import Wish
from lvsm.daemon.voter import Voter

MOST_ANSWERS = 256


class Proposer:
    """Runs proposers of this node, one after the other."""

    def __init__(
        self,
        *,
        voter: Voter,
        send: Callable[[str, Envelope], None],
        new_id: Callable[[], str],
        chance: Callable[[], float],
    ) -> None:
        """`send` never waits; `new_id` draws a text never used before, `chance` one of [0, 1)."""
        self._voter = voter
        self._send = send
        self._new_id = new_id
        self._chance = chance
        self._turn = asyncio.Lock()
        self._answers: asyncio.Queue[Envelope] | None = None

    @property
    def busy(self) -> bool:
        """Whether one runs now."""
        return self._turn.locked()

    def received(self, envelope: Envelope) -> None:
        """Another node said something; who is not asking does not listen."""
        if self._answers is not None and not self._answers.full():
            self._answers.put_nowait(envelope)

    async def bring_about(self, wish: Wish | None, patience: Patience) -> Outcome:
        """Save, or finish what others began; raises OSError when this node's disk refuses.

        The wish must be one after which somebody can decide (`joining.can_decide`).
        """
        async with self._turn:
            self._answers = asyncio.Queue(MOST_ANSWERS)
            try:
                return await self._propose(wish, patience, self._answers)
            finally:
                self._answers = None

    async def _propose(
        self, wish: Wish | None, patience: Patience, answers: asyncio.Queue[Envelope]
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        run = self._new_id()
        state, commands = proposer.start(self._voter.disk, wish, run=run, patience=patience)
        until = loop.time()
        while True:
            outcome, seconds = await self._perform(state, commands)
            if outcome is not None:
                return outcome
            if seconds is not None:
                until = loop.time() + seconds
            event: Received | TimedOut = TimedOut()
            try:
                async with asyncio.timeout_at(until):
                    event = Received(envelope=await answers.get())
            except TimeoutError:
                until = loop.time() + patience.answer
            state, commands = proposer.step(state, event)

    async def _perform(
        self, state: Proposal, commands: tuple[Command, ...]
    ) -> tuple[Outcome | None, float | None]:
        """Do it; the outcome if that was the end, and the seconds to wait if they were set."""
        outcome: Outcome | None = None
        seconds: float | None = None
        for command in commands:
            match command:
                case Send(to=to, message=message) if to == state.me:
                    reply = await self._voter.answer(self._voter.envelope(message))
                    if reply is not None and not isinstance(message, Learn):
                        self.received(reply)
                case Send(to=to, message=message):
                    self._send(to, self._voter.envelope(message))
                case Arm(seconds=least, spread=spread):
                    seconds = least + spread * self._chance()
                case Finish():
                    outcome = command.outcome
        return outcome, seconds
