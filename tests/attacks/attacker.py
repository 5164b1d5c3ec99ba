"""What an attacker has: connections from many addresses, and messages of its own making."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from lvsm.adapters.certificates import client_context
from lvsm.core import scram
from lvsm.core.certificate import end_point_hash
from tests.attacks.victim import KEY
from tests.unit.adapters.protocol_node import Raw

WRONG = 'ERR auth-failed "the user or the password is wrong"\n'
AUTH = b"AUTH SCRAM-SHA-256-PLUS "
TIMES_IDLE = 10.0
SPARE_SECONDS = 0.12
"""Of the loop's own work between two beats, for what honest clients cost too: a handshake of TLS,
a login, a chunk of requests. A stretch that grows with what an attacker sends goes beyond it."""
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
    idle: Pulse = field(default_factory=lambda: Pulse(late=0.0, busy=0.0, peak=0))

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

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Whatever happens inside, the victim's control loop has its turns."""
        self.pulse()
        yield
        pulse = self.pulse()
        assert pulse.busy <= TIMES_IDLE * self.idle.busy + SPARE_SECONDS, (pulse, self.idle)

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
