"""Work in processes of its own, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from lvsm.adapters.apart import Apart, TooCostlyError
from tests.unit.adapters.protocol_node import until


@asynccontextmanager
async def apart(function: str) -> AsyncIterator[Apart]:
    async with Apart("tests.unit.adapters.apart_work", function) as found:
        yield found


async def answer(it: Apart, *question: bytes) -> list[bytes]:
    async with aclosing(it.ask(*question)) as frames:
        return [frame async for frame in frames]


def runs(pid: int) -> bool:
    """Whether there is such a process, and more of it than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_each_question_has_a_process_of_its_own() -> None:
    large = b"x" * 3_000_000
    async with apart("echo") as it:
        answers = await asyncio.gather(*(answer(it, b"", large, b"") for _ in range(3)))
    assert [found[1:] for found in answers] == [[b"", large, b""]] * 3
    assert len({found[0] for found in answers} | {str(os.getpid()).encode()}) == 4


async def test_it_ends_when_nobody_waits_for_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    async with apart("endless") as it, asyncio.TaskGroup() as group:
        asking = group.create_task(answer(it, str(told).encode()))
        await until(lambda: told.exists() and told.read_text() != "")
        pid = int(told.read_text())
        assert runs(pid)
        asking.cancel()
        await until(lambda: not runs(pid))


def test_it_ends_with_the_worker(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"""
import asyncio
from tests.unit.adapters.test_apart import answer, apart
async def main():
    async with apart("endless") as it:
        await answer(it, {str(told).encode()!r})
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code]) as worker:
        asyncio.run(until(lambda: told.exists() and told.read_text() != ""))
        worker.kill()
    pid = int(told.read_text())
    asyncio.run(until(lambda: not runs(pid)))


async def test_work_that_fails_is_an_error_and_the_next_goes_well() -> None:
    async with apart("failing") as it:
        for _ in range(2):
            async with aclosing(it.ask(b"x")) as frames:
                assert await anext(frames) == b"first"
                with pytest.raises(TooCostlyError):
                    await anext(frames)


async def test_what_forks_is_started_again() -> None:
    async with apart("echo") as it:
        first = int((await answer(it, b"x"))[0])
        parent = it.pid
        assert parent is not None
        assert first != parent
        os.kill(parent, signal.SIGKILL)
        await until(lambda: not runs(parent))
        assert (await answer(it, b"x"))[1:] == [b"x"]
        assert it.pid != parent
