"""This node's vote: the pure acceptor on a real disk.

Law: what a message changes is durable before its answer goes out, and the memory is never ahead of
the disk nor behind it. Messages are taken one at a time; a client that goes away does not stop one
half way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lvsm.core.generation import Generation, encode
from lvsm.core.replication import acceptor, catching_up
from lvsm.core.replication.disk import Disk, Step
from lvsm.core.replication.messages import Accept, Envelope, Message, Want
from lvsm.daemon.ports import Store


class Voter:
    """Owns this node's durable state: the only one that changes it."""

    def __init__(self, disk: Disk, store: Store, *, moved: Callable[[Disk, Disk], None]) -> None:
        """`disk` is what `store` has; `moved` is told what was and what is, after each change."""
        self._disk = disk
        self._store = store
        self._moved = moved
        self._turn = asyncio.Lock()

    @property
    def disk(self) -> Disk:
        """The state as it is on the disk."""
        return self._disk

    def envelope(self, message: Message) -> Envelope:
        """A message as this node sends it."""
        return Envelope(
            genesis=self._disk.genesis,
            sender=self._disk.me,
            incarnation=self._disk.incarnation,
            message=message,
        )

    def read(self, key: str) -> Generation | None:
        """A generation of the history by its hash; None when its file cannot be read."""
        return self._disk.head if key == self._disk.head.hash else self._store.read(key)

    async def answer(self, envelope: Envelope) -> Envelope | None:
        """Do what a message asks, and answer it; raises OSError, and then nothing has changed."""
        return await asyncio.shield(self._answer(envelope))

    async def _answer(self, envelope: Envelope) -> Envelope | None:
        async with self._turn:
            message = envelope.message
            if isinstance(message, Want) and envelope.genesis == self._disk.genesis:
                found = await asyncio.to_thread(catching_up.deliver, self._disk, message, self.read)
                return self.envelope(found)
            if isinstance(message, Accept):
                await asyncio.to_thread(self._store.need, len(encode(message.generation)))
            answer = acceptor.answer(self._disk, envelope)
            await self._perform(answer.step)
            return None if answer.reply is None else self.envelope(answer.reply)

    async def _perform(self, step: Step) -> None:
        before = self._disk
        if step.disk == before and not step.keep:
            return
        await asyncio.to_thread(self._store.write, step)
        self._disk = step.disk
        self._moved(before, step.disk)
