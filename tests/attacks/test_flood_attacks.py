"""Floods against a real worker: whatever is sent, its control loop keeps its turns."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvsm.core.admission import Limits
from tests.attacks.attacker import (
    TIMES_HONEST_FOR_THOUSANDS,
    Victim,
    log_in,
    new_address,
)
from tests.unit.adapters.protocol_node import Raw, raw_unix, until

NOBODY = 65534
WANTED = 10_000
SPARE_FILES = 500
FLOOD_SECONDS = 0.2
"""How long a flood is read from: the burst that an allowance has room for comes at once."""
JUNK = {
    "NUL": b"\0" * 4_000 + b"\n",
    "bad UTF-8": b"\xff\xfe\xc3\n" * 1_000,
    "controls": b"NOOP\x1b[2J\n" * 1_000,
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100,
    "quotation marks": b'"' * 8_000 + b"\n",
    "no end": b"x" * 100_000,
    "literals": b"CONFIG CHECK bytes=99999999999\n" * 500,
    "a literal too large": b"CONFIG CHECK bytes=16777217\n" + b"x" * 10_000,
    "empty lines": b"\n" * 100_000,
    "unknown verbs": b"FROBNICATE\n" * 10_000,
    "NOOP": b"NOOP\n" * 50_000,
    "HELP": b"HELP\n" * 50_000,
    "AUTH": b"AUTH SCRAM-SHA-256-PLUS biws\n" * 5_000,
}


async def _flood(client: Raw, junk: bytes) -> None:
    """Say it, read what comes for a while, and hang up."""

    async def read() -> None:
        while await client.reader.read(2**16):
            pass

    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(FLOOD_SECONDS), asyncio.TaskGroup() as group:
            group.create_task(read())
            await client.say(junk)


@pytest.mark.parametrize("kind", sorted(JUNK))
async def test_junk_by_a_local_client(victim: Victim, kind: str) -> None:
    async def attack() -> None:
        async with raw_unix(victim.path) as client:
            await _flood(client, JUNK[kind])
        await victim.serves()

    await victim.undisturbed(attack)


@pytest.mark.parametrize("kind", sorted(JUNK))
async def test_junk_before_and_after_the_login(victim: Victim, kind: str) -> None:
    async def attack() -> None:
        async with victim.tls() as stranger, victim.tls() as known:
            assert (await log_in(known))[1].startswith("OK")
            async with asyncio.TaskGroup() as group:
                group.create_task(_flood(stranger, JUNK[kind]))
                group.create_task(_flood(known, JUNK[kind]))
        await victim.serves()

    await victim.undisturbed(attack)


async def test_what_is_too_large_costs_no_memory(victim: Victim) -> None:
    """Forty literals of which nothing but a part ever comes."""
    before = victim.pulse().peak
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(40):
            client = await stack.enter_async_context(raw_unix(victim.path))
            await client.line()
            await client.say(b"CONFIG CHECK bytes=16777216\n" + b"x" * 100_000)
        await victim.serves()
        assert victim.pulse().peak - before < 64 * 1024


async def test_clients_that_send_one_byte_at_a_time(victim: Victim) -> None:
    async def drip() -> None:
        async with victim.tls() as client:
            await client.line()
            for byte in b"HELP\nQUIT\n":
                await client.say(bytes([byte]))
                await asyncio.sleep(0.002)
            assert (await client.rest()).endswith(b"OK 0 good bye\n")

    async def attack() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(drip())
        await victim.serves()

    await victim.undisturbed(attack)


def _connect(victim: Victim, address: str) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    made.bind((address, 0))
    with contextlib.suppress(BlockingIOError):
        made.connect(("127.0.0.1", victim.port))
    return made


@contextlib.contextmanager
def room_for(connections: int) -> Iterator[None]:
    """Files enough for so many connections; root may raise the hard limit (setrlimit(2))."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + SPARE_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(needed, before[0]), max(needed, before[1])))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_ten_thousand_connections(victim: Victim) -> None:
    """Silent strangers from 200 addresses: at most `Limits.strangers` of them are kept."""

    async def attack() -> None:
        addresses = [new_address() for _ in range(200)]
        with room_for(WANTED), contextlib.ExitStack() as strangers:
            for index in range(WANTED):
                strangers.enter_context(_connect(victim, addresses[index % len(addresses)]))
                if index % 100 == 0:
                    await asyncio.sleep(0)
                if index % 2_500 == 2_499:
                    await victim.serves()
            await until(lambda: victim.files() < Limits().strangers + 100)

    await victim.undisturbed(attack, TIMES_HONEST_FOR_THOUSANDS)


async def test_more_local_connections_than_there_are_places(victim: Victim) -> None:
    number = Limits().connections + 300

    async def attack() -> None:
        with room_for(number), contextlib.ExitStack() as clients:
            for index in range(number):
                client = clients.enter_context(socket.socket(socket.AF_UNIX))
                client.connect(str(victim.path))
                if index % 50 == 0:
                    await asyncio.sleep(0)
            await until(lambda: victim.files() < Limits().connections + 100)
        await until(lambda: victim.files() < 100)

    await victim.undisturbed(attack, TIMES_HONEST_FOR_THOUSANDS)
    await victim.serves()


_SAYS = """
import socket, sys
with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[1])
    client.sendall("".join(line + "\\n" for line in [*sys.argv[2:], "QUIT"]).encode())
    sys.stdout.write(client.makefile().read())
"""


def _as_nobody(path: Path, *lines: str) -> list[str]:
    """What a user without any right hears at the local socket."""
    done = subprocess.run(
        ["/usr/bin/python3", "-ISE", "-c", _SAYS, str(path), *lines],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        user=NOBODY,
        group=NOBODY,
        extra_groups=(),
    )
    return done.stdout.splitlines()


def test_a_foreign_user_at_the_local_socket_may_do_nothing(victim: Victim) -> None:
    help_, *_ = _as_nobody(victim.path, "HELP")[1:]
    assert help_.startswith("* ")
    tried = (
        "STATUS", "VIP LIST", "CONFIG SHOW", "CONFIG CHECK bytes=0", "CONFIG SAVE bytes=0",
        "EVENT MEMBER dir2 dead", "EVENT GIVE", "GROUP STOP web", "AUDIT SHOW", "WATCH events",
        "USER LIST", "CERT SHOW",
    )  # fmt: skip
    for request in tried:
        _, answer, end = _as_nobody(victim.path, request)
        assert answer.startswith(("ERR forbidden", "ERR unknown-verb")), (request, answer)
        assert end == "OK 0 good bye"
