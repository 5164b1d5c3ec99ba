"""An audit log in memory, whose disk a test holds up or breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import msgspec

from lvsm.core.audit import AnyRecord, AuditFailedError, Batch


class FakeAuditLog:
    """Satisfies `daemon.ports.AuditLog`; a record is durable at once, or when `free` is set."""

    def __init__(self) -> None:
        self.records: list[AnyRecord] = []
        self.asked: list[AnyRecord] = []
        self.free = asyncio.Event()
        self.free.set()
        self.trouble: str | None = None
        self.breaks = False
        self.damaged = 0
        self._held: list[tuple[AnyRecord, asyncio.Future[AnyRecord]]] = []
        self.on_written: Callable[[AnyRecord], None] = lambda _record: None

    @property
    def newest(self) -> int:
        return len(self.records)

    def append(self, record: AnyRecord) -> asyncio.Future[AnyRecord]:
        self.asked.append(record)
        written: asyncio.Future[AnyRecord] = asyncio.get_running_loop().create_future()
        written.add_done_callback(lambda future: future.cancelled() or future.exception())
        if self.free.is_set():
            self._end(record, written)
        else:
            self._held.append((record, written))
        return written

    def let_go(self) -> None:
        """What was held up reaches the disk."""
        self.free.set()
        held, self._held = self._held, []
        for record, written in held:
            self._end(record, written)

    def _end(self, record: AnyRecord, written: asyncio.Future[AnyRecord]) -> None:
        if self.breaks:
            self.trouble = "the disk is full"
            written.set_exception(AuditFailedError(self.trouble))
            return
        record = msgspec.structs.replace(record, seq=len(self.records) + 1)
        self.records.append(record)
        written.set_result(record)
        self.on_written(record)

    async def read(
        self, *, since: float, after: int = 0, limit: int | None = None
    ) -> AsyncGenerator[Batch, None]:
        await asyncio.sleep(0)
        found = [r for r in self.records if r.at >= since and r.seq > after]
        found = found if limit is None else found[len(found) - min(limit, len(found)) :]
        for start in range(0, max(len(found), 1), 2):
            yield Batch(records=tuple(found[start : start + 2]), damaged=self.damaged * (not start))
            await asyncio.sleep(0)
