"""The pipe of heartbeat's scripts: who writes never waits, and what is written arrives whole."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from lvsm.adapters import event_pipe


def write(path: Path, data: bytes) -> None:
    """As a shell's `1<>` does: open for reading and writing, write once, close."""
    pipe = os.open(path, os.O_RDWR)
    try:
        assert os.write(pipe, data) == len(data)
    finally:
        os.close(pipe)


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[AsyncIterator[str]]:
    async with aclosing(event_pipe.lines(event_pipe.make(path))) as lines:  # type: ignore[type-var]  # it is a generator
        yield lines


async def test_lines_arrive_whole_and_in_order_from_many_writers(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    async with reading(path) as lines:
        for number in range(50):
            write(path, f"EVENT MEMBER dir{number} dead\n".encode())
        assert [await anext(lines) for _ in range(50)] == [
            f"EVENT MEMBER dir{number} dead" for number in range(50)
        ]


async def test_what_was_written_before_anybody_read_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    pipe = event_pipe.make(path)
    write(path, b"first\n")
    async with aclosing(event_pipe.lines(pipe)) as lines:  # type: ignore[type-var]  # it is a generator
        assert await anext(lines) == "first"


async def test_a_line_that_is_too_long_or_no_text_does_not_stop_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "heartbeat"
    async with reading(path) as lines:
        for data in (b"x" * 2 * event_pipe.LONGEST_LINE + b"\n", b"\xff\xfe\n", b"good\n"):
            write(path, data)
            await asyncio.sleep(0)
        assert await anext(lines) == "good"
    assert caplog.text.count("dropped") == 2


def test_only_root_may_write_and_an_old_pipe_or_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    path.write_text("a script was faster than mkfifo")
    for _ in range(2):
        os.close(event_pipe.make(path))
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["heartbeat"]


def test_writers_do_not_wait_for_a_plvsd_that_hangs(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    pipe = event_pipe.make(path)
    try:
        for _ in range(20_000):
            write(path, b"EVENT MEMBER director1 dead\n")
    finally:
        os.close(pipe)
