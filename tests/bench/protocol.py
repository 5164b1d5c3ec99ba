"""What the line protocol costs: requests, logins and memory, beside a bare echo in the same run.

A rate is per second of the *server's* processor time, so that neither the client nor a busy machine
counts; `echo` is an asyncio.Protocol that answers a line for a line.
"""

from __future__ import annotations

import asyncio
import os
import resource
import ssl
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lvsm.adapters.certificates import client_context
from lvsm.core import scram
from lvsm.core.certificate import end_point_hash
from tests.bench.served import KEY, VERB

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
MANY = 1_000
DEEP = 64
REQUESTS = 20_000
_REQUEST = f"{VERB}\n".encode()


@dataclass(kw_only=True)
class Served:
    """The process that is measured."""

    pid: int
    folder: Path
    port: int
    echo_port: int

    def seconds(self) -> float:
        """The processor time that it has used."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def kilobytes(self) -> int:
        """The memory that it has."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    async def ours_unix(self) -> Streams:
        streams = await asyncio.open_unix_connection(str(self.folder / "ours"))
        await streams[0].readline()
        return streams

    async def echo_unix(self) -> Streams:
        return await asyncio.open_unix_connection(str(self.folder / "echo"))

    async def echo_tls(self) -> Streams:
        return await _tls(self.echo_port)

    async def ours_tls(self) -> Streams:
        """Logged in."""
        reader, writer = await _tls(self.port)
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        login = scram.Client(
            user="node:dir2",
            password=scram.machine_password(KEY),
            nonce=b64encode(os.urandom(18)).decode(),
            binding=end_point_hash(tls.getpeercert(binary_form=True) or b""),
            least=scram.KEY_ITERATIONS,
        )
        await reader.readline()
        writer.write(b"AUTH SCRAM-SHA-256-PLUS " + b64encode(login.first()) + b"\n")
        writer.write(b64encode(login.final(b64decode((await reader.readline())[2:]))) + b"\n")
        for _ in range(2):
            answer = await reader.readline()
        assert answer.startswith(b"OK"), answer
        return reader, writer


_CONTEXT = client_context()


async def _tls(port: int) -> Streams:
    return await asyncio.open_connection("127.0.0.1", port, ssl=_CONTEXT, server_hostname="")


@asynccontextmanager
async def served(loop: str) -> AsyncIterator[Served]:
    """A server process on that kind of event loop."""
    with tempfile.TemporaryDirectory() as name:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.served", name,
            *(["uvloop"] if loop == "uvloop" else []), stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            _, port, echo_port = (await process.stdout.readline()).split()
            yield Served(
                pid=process.pid, folder=Path(name), port=int(port), echo_port=int(echo_port)
            )
        finally:
            process.terminate()
            await process.wait()


async def _ask(streams: Streams, requests: int, depth: int) -> None:
    reader, writer = streams
    for _ in range(requests // depth):
        writer.write(_REQUEST * depth)
        for _ in range(depth):
            await reader.readline()


async def _rate(it: Served, connect: Connect, connections: int, depth: int) -> float:
    """Requests per second of the server's processor time."""
    streams = [await connect() for _ in range(connections)]
    each = max(depth, REQUESTS // connections)
    began = it.seconds()
    await asyncio.gather(*(_ask(one, each, depth) for one in streams))
    taken = max(0.01, it.seconds() - began)
    for _, writer in streams:
        writer.close()
    await asyncio.sleep(0.2)
    return (each // depth) * depth * connections / taken


async def _requests(it: Served) -> None:
    ways: dict[str, tuple[Connect, Connect]] = {
        "unix": (it.ours_unix, it.echo_unix),
        "TLS": (it.ours_tls, it.echo_tls),
    }
    print(f"{'requests/s of server time':40} {'ours':>9} {'echo':>9} echo/ours")
    for way, (ours, echo) in ways.items():
        for connections, depth in ((1, 1), (1, DEEP), (MANY, 1), (MANY, DEEP)):
            found = [await _rate(it, connect, connections, depth) for connect in (ours, echo)]
            what = f"{way}, {connections} connections, {depth} ahead"
            print(f"{what:40} {found[0]:9.0f} {found[1]:9.0f} {found[1] / found[0]:9.1f}")


async def _logins(it: Served) -> None:
    await it.ours_tls()
    memory, seconds = it.kilobytes(), it.seconds()
    streams = [await it.ours_tls() for _ in range(MANY)]
    taken, more = it.seconds() - seconds, it.kilobytes() - memory
    print(f"{'logins/s of server time, handshake too':40} {MANY / taken:9.0f}")
    print(f"{'kB for an idle TLS connection, logged in':40} {more / MANY:9.1f}")
    for _, writer in streams:
        writer.close()


async def measure(loop: str) -> None:
    """Measure on that kind of event loop and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    async with served(loop) as it:
        print(f"event loop of the server: {loop}")
        await _logins(it)
        await _requests(it)
