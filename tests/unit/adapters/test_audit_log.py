from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lvsm.adapters.audit_files import AuditFiles
from lvsm.adapters.audit_log import AuditLog
from lvsm.core.audit import AnyRecord, AuditFailedError, parse
from tests.unit.adapters.audit_records import record
from tests.unit.adapters.protocol_node import until


class Disk:
    """Syncs when the test lets it, and fails when the test wants that."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.syncs = 0
        self.error = 0

    def __call__(self, _descriptor: int) -> None:
        self.entered.set()
        self.free.wait()
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        self.syncs += 1


class Opened:
    def __init__(self, folder: Path) -> None:
        self.disk = Disk()
        self.path = folder / "audit.jsonl"
        self.copies: list[bytes] = []
        self.told: list[int] = []
        self.log = AuditLog(
            AuditFiles(self.path, sync=self.disk),
            copy_to=self.copies.append,
            on_written=lambda written: self.told.append(written.seq),
            retry_seconds=0.02,
        )

    def names(self) -> list[str]:
        return [
            r.name for r in map(parse, self.path.read_bytes().splitlines()) if hasattr(r, "name")
        ]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Opened]:
    made = Opened(folder)
    async with made.log:
        yield made
        made.disk.free.set()


async def test_records_are_numbered_written_and_told_of_in_their_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        written = await asyncio.gather(*(audit.log.append(record(f"u{n}")) for n in range(50)))
        assert [r.seq for r in written] == list(range(1, 51)) == audit.told
        assert audit.names() == [f"u{n}" for n in range(50)]
    assert [parse(line).seq for line in audit.copies] == list(range(1, 51))


async def test_nobody_is_told_before_the_disk_has_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        await audit.log.append(record("first"))
        audit.disk.free.clear()
        audit.disk.entered.clear()
        written = audit.log.append(record("second"))
        await asyncio.to_thread(audit.disk.entered.wait)
        await asyncio.sleep(0.02)
        assert not written.done()
        assert audit.told == [1]
        audit.disk.free.set()
        assert (await written).seq == 2


async def test_records_that_wait_together_share_one_fsync(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        await audit.log.append(record("first"))
        audit.disk.free.clear()
        audit.disk.entered.clear()
        waiting = [audit.log.append(record("blocks"))]
        await asyncio.to_thread(audit.disk.entered.wait)
        waiting += [audit.log.append(record(f"u{n}")) for n in range(500)]
        before = audit.disk.syncs
        audit.disk.free.set()
        await asyncio.gather(*waiting)
        assert audit.disk.syncs - before == 2


async def test_the_loop_goes_on_while_the_disk_is_slow(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        audit.disk.free.clear()
        written = audit.log.append(record("slow"))
        await asyncio.to_thread(audit.disk.entered.wait)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not written.done()


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        await audit.log.append(record("before"))
    async with opened(tmp_path) as audit:
        assert (await audit.log.append(record("after"))).seq == 2
    assert audit.names() == ["before", "after"]


async def test_leaving_writes_what_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        audit.disk.free.clear()
        for number in range(20):
            audit.log.append(record(f"u{number}"))
    assert len(audit.names()) == 20


async def test_a_full_disk_is_told_and_what_it_refused_is_written_later(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        await audit.log.append(record("first"))
        audit.disk.error = errno.ENOSPC
        with pytest.raises(AuditFailedError):
            await audit.log.append(record("late"))
        assert audit.log.trouble is not None
        with pytest.raises(AuditFailedError):
            await audit.log.append(record("later"))
        assert audit.told == [1]
        audit.disk.error = 0
        await until(lambda: audit.log.trouble is None)
        await audit.log.append(record("last"))
        assert audit.names() == ["first", "late", "later", "last"]
        assert audit.told == [1, 2, 3, 4]


async def test_a_folder_that_is_missing_is_trouble_until_it_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "lvsm"
    async with opened(folder) as audit:
        with pytest.raises(AuditFailedError):
            await audit.log.append(record("late"))
        folder.mkdir()
        await until(lambda: audit.log.trouble is None)
        assert audit.names() == ["late"]


async def test_what_cannot_be_kept_is_at_least_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as audit:
        audit.disk.error = errno.EIO
        written = [audit.log.append(record(f"u{n}")) for n in range(1500)]
        ended = await asyncio.gather(*written, return_exceptions=True)
        assert all(isinstance(end, AuditFailedError) for end in ended)
        assert caplog.text.count("lost from the audit log") == 500
    assert caplog.text.count("lost from the audit log") == 1500


async def test_too_many_waiting_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        audit.disk.free.clear()
        for _ in range(10_000):
            audit.log.append(record("u"))
        with pytest.raises(AuditFailedError):
            audit.log.append(record("one too many"))


async def test_records_are_read_beside_the_writer(tmp_path: Path) -> None:
    async with opened(tmp_path) as audit:
        await asyncio.gather(*(audit.log.append(record(f"u{n}")) for n in range(300)))
        seen: list[AnyRecord] = []
        async for batch in audit.log.read(since=0.0, after=10):
            seen += batch.records
        assert [r.seq for r in seen] == list(range(11, 301))
