"""What an attacker has: connections from many addresses, and messages of its own making."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from lvsm.adapters.certificates import client_context
from lvsm.core import scram
from lvsm.core.certificate import end_point_hash
from tests.attacks.victim import KEY
from tests.unit.adapters.protocol_node import Raw

WRONG = 'ERR auth-failed "the user or the password is wrong"\n'
AUTH = b"AUTH SCRAM-SHA-256-PLUS "
TIMES_HONEST = 4.0
"""How far the loop's longest stretch may be above that of a few honest clients in the same run:
their handshakes, logins and requests. One that grows with what an attacker sends goes beyond."""
TIMES_HONEST_FOR_THOUSANDS = 20.0
"""The same where thousands of connections come or end at once, each of which costs its due."""
ATTEMPTS = 4
"""Of a measurement that fails: what else the machine does only adds."""
HONEST_CLIENTS = 16
HONEST_REQUESTS = 16
_addresses = count(2)


def new_address() -> str:
    """A loopback address that nobody attacked from before."""
    number = next(_addresses)
    return f"127.7.{number // 250}.{number % 250 + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How long the loop's beat was kept waiting (wall clock), how much of the loop's own work lay
    between two beats at most (its thread's time, so that a busy machine does no harm), both in
    seconds; and the process's largest memory so far in kB.
    """

    late: float
    busy: float
    peak: int


@dataclass(kw_only=True)
class Victim:
    """The worker that is attacked."""

    port: int
    folder: Path
    pid: int
    honest: float = 0.0
    """The longest stretch of the loop's work while honest clients are there, in seconds."""

    @property
    def path(self) -> Path:
        return self.folder / "plvsd.sock"

    def pulse(self) -> Pulse:
        """Since it was asked for last."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(self.folder / "pulse.sock"))
            return Pulse(**json.loads(asking.makefile().read()))

    def files(self) -> int:
        """How many descriptors it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    async def undisturbed(
        self, attack: Callable[[], Awaitable[None]], times: float = TIMES_HONEST
    ) -> None:
        """Whatever the attack does, the victim's control loop has its turns, in some attempt."""
        seen = []
        for _ in range(ATTEMPTS):
            self.pulse()
            await attack()
            seen.append(self.pulse().busy)
            if seen[-1] <= times * self.honest:
                return
        raise AssertionError(f"the loop worked for {seen} s at a stretch, usual {self.honest}")

    async def visited(self) -> None:
        """Some honest clients at once: each logs in, asks a few things ahead, and goes."""

        async def visit() -> None:
            async with self.tls() as client:
                assert (await log_in(client))[1].startswith("OK")
                await client.say(b"STATUS\n" * HONEST_REQUESTS)
                for _ in range(HONEST_REQUESTS):
                    while (line := await client.line()) and not line.startswith(("OK", "ERR")):
                        pass
                    assert line

        async with asyncio.TaskGroup() as group:
            for _ in range(HONEST_CLIENTS):
                group.create_task(visit())

    @asynccontextmanager
    async def tls(
        self, address: str | None = None, context: ssl.SSLContext | None = None
    ) -> AsyncIterator[Raw]:
        """A connection from `address`, a new one if None is given."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            ssl=context or client_context(),
            server_hostname="",
            limit=2**20,
            local_addr=(address or new_address(), 0),
        )
        try:
            yield Raw(reader, writer)
        finally:
            writer.transport.abort()

    async def serves(self) -> None:
        """Somebody honest logs in and is answered."""
        async with self.tls() as client:
            assert (await log_in(client))[1] == "OK 0 logged in as node:dir2\n"
            assert (await client.ask("NOOP")) == ["OK 0 nothing done\n"]


async def log_in(
    client: Raw, user: str = "node:dir2", password: str | None = None
) -> tuple[list[bytes], str]:
    """Log in by hand; the client's lines and the server's last one."""
    login = scram.Client(
        user=user,
        password=scram.machine_password(KEY) if password is None else password,
        nonce="c" * 24,
        binding=end_point_hash(client.binding()),
        least=scram.KEY_ITERATIONS,
    )
    await client.line()
    lines = [AUTH + b64encode(login.first()) + b"\n"]
    await client.say(lines[0])
    lines.append(b64encode(login.final(b64decode((await client.line())[2:]))) + b"\n")
    await client.say(lines[1])
    answer = await client.line()
    return lines, await client.line() if answer.startswith("+") else answer
