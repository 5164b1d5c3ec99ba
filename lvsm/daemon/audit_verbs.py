"""The verbs of the audit log: AUDIT SHOW and AUDIT FOLLOW."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from lvsm.core.audit import AnyRecord, document
from lvsm.core.handling import Reply
from lvsm.core.moments import moment
from lvsm.core.responses import Prepared
from lvsm.core.session_actions import Request
from lvsm.daemon.ports import AuditLog, Clock
from lvsm.daemon.requests import Ongoing, Verb, Verbs, admins, number, words
from lvsm.daemon.watchers import Watchers

TOPIC = "audit"
DEFAULT_LIMIT = 100
MARGIN_SECONDS = 3600.0
"""How far clocks may have been set back between two records that follow each other."""
AGAIN_SECONDS = 0.1


@dataclass(slots=True)
class _Reader:
    """How far somebody has read."""

    seq: int
    at: float

    def took(self, seq: int, at: float) -> None:
        """This record was sent."""
        self.seq, self.at = max(self.seq, seq), at


def tell_written(watchers: Watchers, record: AnyRecord) -> None:
    """Tell those who follow that a record is on the disk."""
    if watchers.watched(TOPIC):
        watchers.publish(TOPIC, document(record))


class AuditVerbs:
    """Shows the log; it is written elsewhere."""

    def __init__(self, *, audit_log: AuditLog, watchers: Watchers, clock: Clock) -> None:
        """Who follows hears of new records by `watchers`."""
        self._log = audit_log
        self._watchers = watchers
        self._clock = clock

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "AUDIT SHOW": Verb(self.show, admins, "who did what: AUDIT SHOW since=2h limit=100"),
            "AUDIT FOLLOW": Verb(
                self.follow, admins, "the same, then what is recorded: AUDIT FOLLOW since=2h"
            ),
        }

    async def show(self, request: Request, reply: Reply) -> str:
        """The newest records (100 unless `limit` says otherwise), or all since a moment."""
        text, _ = await self._show(request, reply)
        return text

    async def follow(self, request: Request, reply: Reply) -> Ongoing:
        """What AUDIT SHOW shows by `since` and `limit`, then each record as it is written."""
        text, reader = await self._show(request, reply)
        return Ongoing(text, partial(self._follow, reply, reader))

    async def _show(self, request: Request, reply: Reply) -> tuple[str, _Reader]:
        words(request, 0)
        now = self._clock.now()
        since = moment(request.options["since"], now) if "since" in request.options else 0.0
        limit = number(request, "limit")
        if limit is None and "since" not in request.options:
            limit = DEFAULT_LIMIT
        reader, shown, damaged = _Reader(self._log.newest, now), 0, 0
        async with aclosing(self._log.read(since=since, limit=limit)) as batches:
            async for batch in batches:
                for record in batch.records:
                    reply.item(document(record))
                    reader.took(record.seq, record.at)
                shown += len(batch.records)
                damaged += batch.damaged
                await reply.drain()
        tail = f", {damaged} lines of the log are damaged" if damaged else ""
        return f"{shown} shown{tail}", reader

    async def _follow(self, reply: Reply, reader: _Reader) -> None:
        with self._watchers.watching((TOPIC,)) as watcher:
            await self._catch_up(reply, reader)
            while True:
                told = await watcher.next()
                if told is None:
                    await self._catch_up(reply, reader)
                elif told.fields["seq"] > reader.seq:
                    await self._send(reply, told.event)
                    reader.took(told.fields["seq"], told.fields["at"])

    async def _catch_up(self, reply: Reply, reader: _Reader) -> None:
        """Send what was written behind the reader's place, from the files."""
        since = reader.at - MARGIN_SECONDS
        async with aclosing(self._log.read(since=since, after=reader.seq)) as batches:
            async for batch in batches:
                for record in batch.records:
                    await self._send(reply, self._watchers.prepared(TOPIC, document(record)))
                    reader.took(record.seq, record.at)

    async def _send(self, reply: Reply, event: Prepared) -> None:
        """Send an event; one that was dropped is sent again, so that none is missing."""
        await reply.drain()
        while not reply.event(event):
            await asyncio.sleep(AGAIN_SECONDS)
            await reply.drain()
