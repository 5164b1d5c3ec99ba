"""What systemd hears, and what is taken from it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvsm.adapters import init_system


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """An init's socket, by the name that a daemon is given."""
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as init:
        init.bind(name if request.param == "path" else "\0" + name)
        init.settimeout(20)
        yield name if request.param == "path" else "@" + name, init


def test_init_is_told(heard: tuple[str, socket.socket]) -> None:
    name, init = heard
    init_system.notify("READY=1", "STATUS=node dir1", environment={"NOTIFY_SOCKET": name})
    assert init.recv(100) == b"READY=1\nSTATUS=node dir1"


def test_without_an_init_that_listens_nothing_happens(tmp_path: Path) -> None:
    init_system.notify("READY=1", environment={})
    init_system.notify("READY=1", environment={"NOTIFY_SOCKET": str(tmp_path / "nobody")})


async def test_the_watchdog_hears_of_it_again_and_again(heard: tuple[str, socket.socket]) -> None:
    name, init = heard
    words = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    async with asyncio.TaskGroup() as group:
        alive = group.create_task(init_system.keep_alive(words))
        for _ in range(3):
            assert await asyncio.to_thread(init.recv, 100) == b"WATCHDOG=1"
        alive.cancel()


@pytest.mark.parametrize(
    "words", [{}, {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"}, {"WATCHDOG_PID": "1"}]
)
async def test_without_a_watchdog_of_its_own_there_is_nothing_to_do(words: dict[str, str]) -> None:
    await init_system.keep_alive(words)


@pytest.mark.parametrize(
    "words",
    [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_PID": str(os.getpid())}],
)
def test_a_socket_that_is_not_for_this_process_is_not_taken(words: dict[str, str]) -> None:
    assert init_system.listener(words) is None
