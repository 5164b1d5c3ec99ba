"""The audit log for an event loop: one thread writes; who waits for a record waits for the disk.

Laws: records get their numbers and lines in the order of `append`. Those that wait together share
one fsync. A record that could not be written is kept (up to `MOST_LATE` of them) and written first
as soon as that is possible; until then `trouble` says what is wrong.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from lvsm.adapters.audit_files import AuditFiles
from lvsm.core.audit import AnyRecord, AuditFailedError, Batch, render

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
MOST_AT_ONCE = 1_000
MOST_LATE = 1_000
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    record: AnyRecord
    written: asyncio.Future[AnyRecord]


class AuditLog:
    """Append from the loop it was entered in; leaving it writes what waits.

    `newest` is the number of the newest record that is known to be on the disk.
    """

    def __init__(
        self,
        files: AuditFiles,
        *,
        copy_to: Callable[[bytes], None],
        on_written: Callable[[AnyRecord], None],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """`copy_to` gets each line, in the thread, and `on_written` each record, in the loop."""
        self._files = files
        self._copy_to = copy_to
        self._on_written = on_written
        self._retry_seconds = retry_seconds
        self._entries: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="audit log", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = 0
        self._last: int | None = None
        self._late: list[AnyRecord] = []
        self._closing = False
        self.trouble: str | None = None
        self.newest = 0

    async def __aenter__(self) -> Self:
        """Begin."""
        self._loop = asyncio.get_running_loop()
        with suppress(OSError):  # the first record will tell
            self._last = self.newest = await asyncio.to_thread(self._files.last)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Write what waits, and end."""
        self._entries.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_SECONDS)

    def append(self, record: AnyRecord) -> asyncio.Future[AnyRecord]:
        """Have a record written; the future has it, with its number, when it is on the disk.

        Raises AuditFailedError when too many wait already; so does the future when the disk
        refuses.
        """
        if self._loop is None:
            raise RuntimeError("the audit log is not entered")
        if self._waiting >= MOST_WAITING:
            raise AuditFailedError(f"{self._waiting} records wait for the disk already")
        self._waiting += 1
        entry = _Entry(record, self._loop.create_future())
        entry.written.add_done_callback(_look)
        self._entries.put(entry)
        return entry.written

    async def read(
        self, *, since: float, after: int = 0, limit: int | None = None
    ) -> AsyncGenerator[Batch, None]:
        """Records as `AuditFiles.batches` has them; raises OSError."""
        batches = self._files.batches(since=since, after=after, limit=limit)
        try:
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                yield batch
        finally:
            with suppress(ValueError):  # cancelled while the thread reads: that ends by itself
                batches.close()  # type: ignore[attr-defined]  # it is a generator

    # in the thread

    def _write(self) -> None:
        while not self._closing:
            self._commit(self._take())
        _lose(self._late)
        self._files.close()

    def _take(self) -> list[_Entry]:
        """What waits; nothing after a while in which the log is broken."""
        entries: list[_Entry] = []
        try:
            entry = self._entries.get(timeout=self._retry_seconds if self.trouble else None)
            while entry is not None and len(entries) < MOST_AT_ONCE:
                entries.append(entry)
                entry = self._entries.get_nowait()
            if entry is not None:
                entries.append(entry)
            self._closing = entry is None
        except queue.Empty:
            pass
        return entries

    def _commit(self, entries: list[_Entry]) -> None:
        late = len(self._late)
        records = [*self._late, *(entry.record for entry in entries)]
        lines: list[bytes] = []
        try:
            if self._last is None:
                self._last = self._files.last()
            records = [
                msgspec.structs.replace(record, seq=self._last + place)
                for place, record in enumerate(records, 1)
            ]
            lines = [render(record) for record in records]
            self._files.append(b"".join(line + b"\n" for line in lines))
        except OSError as error:
            self._failed(records, entries, f"{self._files.path}: {error.strerror or error}")
        else:
            self._last += len(records)
            self._succeeded(records, entries)
        for line in lines[late:]:
            self._copy_to(line)

    def _succeeded(self, records: list[AnyRecord], entries: list[_Entry]) -> None:
        if self.trouble is not None:
            log.warning("the audit log can be written again")
        self.trouble = None
        self._late.clear()
        self._call(self._tell, records, entries)

    def _failed(self, records: list[AnyRecord], entries: list[_Entry], trouble: str) -> None:
        if self.trouble != trouble:
            log.error("the audit log cannot be written, changes are refused: %s", trouble)
        self.trouble = trouble
        _lose(records[MOST_LATE:])
        self._late = records[:MOST_LATE]
        self._call(self._refuse, entries, trouble)

    def _call(self, what: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the loop may be gone
            if self._loop is not None:
                self._loop.call_soon_threadsafe(what, *args)

    # in the loop, called by the thread

    def _tell(self, records: list[AnyRecord], entries: list[_Entry]) -> None:
        self._waiting -= len(entries)
        for record in records:
            self.newest = record.seq
            self._on_written(record)
        for entry, record in zip(entries, records[len(records) - len(entries) :], strict=True):
            if not entry.written.done():
                entry.written.set_result(record)

    def _refuse(self, entries: list[_Entry], trouble: str) -> None:
        self._waiting -= len(entries)
        for entry in entries:
            if not entry.written.done():
                entry.written.set_exception(AuditFailedError(trouble))


def _lose(records: list[AnyRecord]) -> None:
    for record in records:
        log.error("lost from the audit log: %s", render(record).decode("utf-8"))


def _look(written: asyncio.Future[AnyRecord]) -> None:
    """A record that nobody waits for may fail: the log has said so."""
    if not written.cancelled():
        written.exception()
