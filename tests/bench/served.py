"""The server under measurement, in a process of its own: ours, and a bare echo beside it.

    python -m tests.bench.served FOLDER [uvloop]

It says `ready PORT ECHO_PORT` when it listens, with unix sockets FOLDER/ours and FOLDER/echo.
"""

from __future__ import annotations

import asyncio
import importlib
import resource
import sys
from pathlib import Path

from lvsm.adapters.certificates import load_or_make, server_context
from lvsm.adapters.transport import Server
from lvsm.core import scram
from lvsm.core.admission import Limits
from lvsm.core.handling import Reply
from lvsm.core.session_actions import Request

KEY = b"k" * 32
VERB = "ECHO"
_VERIFIER = scram.make_verifier(scram.machine_password(KEY), b"n" * 16, scram.KEY_ITERATIONS)
UNLIMITED = Limits(
    requests_per_second=1e9,
    requests_at_once=10**9,
    connections=10**6,
    strangers=10**6,
    strangers_per_address=10**6,
)


class _Verifiers:
    def lookup(self, _name: str) -> scram.Verifier:
        return _VERIFIER


class _Echo(asyncio.Protocol):
    """What asyncio does at best: a line back for each line."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"OK 0\n" * data.count(b"\n"))


async def _answer(request: Request, reply: Reply) -> None:
    reply.ok("")


async def serve(folder: Path) -> None:
    """Serve for ever."""
    certificate = load_or_make(folder, "dir1")
    server = Server(
        node="dir1",
        software="2.0.0",
        handle=_answer,
        verbs={VERB: "for the figures"},
        verifiers=_Verifiers(),
        secret=b"secret",
        certificate=certificate,
        limits=UNLIMITED,
    )
    loop = asyncio.get_running_loop()
    async with server:
        [(_, port)] = await server.listen_tcp("127.0.0.1", 0)
        await server.listen_unix(folder / "ours")
        local = await loop.create_unix_server(_Echo, str(folder / "echo"), backlog=1024)
        context = server_context(certificate.path)
        echo = await loop.create_server(_Echo, "127.0.0.1", 0, ssl=context, backlog=1024)
        sys.stdout.write(f"ready {port} {echo.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        async with local, echo:
            await asyncio.Event().wait()


def main() -> None:
    """Serve, on uvloop if that is asked for."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if sys.argv[2:] == ["uvloop"]:
        loop = importlib.import_module("uvloop").new_event_loop()
        loop.run_until_complete(serve(Path(sys.argv[1])))
    else:
        asyncio.run(serve(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
