"""A node with a toy handler, served over real sockets, and raw clients for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lvsm.adapters.certificates import NodeCertificate, client_context, load_or_make
from lvsm.adapters.transport import Server
from lvsm.core import scram, server_login
from lvsm.core.admission import Limits
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Handler, Reply
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request

KEY = b"k" * 32
PASSWORD = "pencil"
VERBS = {
    verb: f"{verb}: for the tests"
    for verb in ("ECHO", "BIG", "WATCH", "REFUSE", "FAIL", "FORGET", "HANG", "CONFIG SAVE")
}
_NODE = scram.make_verifier(scram.machine_password(KEY), b"n" * 16, scram.KEY_ITERATIONS)
_ADMIN = scram.make_verifier(PASSWORD, b"a" * 16)


class Verifiers:
    def lookup(self, name: str) -> scram.Verifier | None:
        return {"admin": _ADMIN, "node:dir2": _NODE}.get(name)


class Toy:
    """What the handler has seen."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.ended: list[str] = []
        self.dropped = 0
        self.hung = asyncio.Event()

    async def __call__(self, request: Request, reply: Reply) -> None:
        self.requests.append(request)
        try:
            await getattr(self, request.verb.replace(" ", "_").lower())(request, reply)
        finally:
            self.ended.append(request.verb)

    async def echo(self, request: Request, reply: Reply) -> None:
        who = request.principal
        literal = None if request.literal is None else request.literal.decode("latin-1")
        reply.item({"name": who.name, "kind": who.kind, "uid": who.uid})
        reply.item({"args": list(request.args), "options": dict(request.options)})
        reply.item({"literal": literal})
        reply.ok("echoed")

    async def config_save(self, request: Request, reply: Reply) -> None:
        reply.ok(f"{len(request.literal or b'')} bytes")

    async def big(self, request: Request, reply: Reply) -> None:
        for number in range(int(request.args[0])):
            reply.item({"number": number, "padding": "x" * 10_000})
            await reply.drain()
        reply.ok("sent")

    async def watch(self, request: Request, reply: Reply) -> None:
        reply.ok("watching")
        for number in range(int(request.args[0]) if request.args else 10**9):
            if not reply.event({"number": number, "padding": "x" * 1000}):
                self.dropped += 1
            await asyncio.sleep(0)

    async def refuse(self, _request: Request, reply: Reply) -> None:
        reply.item({"problem": 1})
        raise LvsmError("that is not so", code="not-so")

    async def fail(self, _request: Request, _reply: Reply) -> None:
        raise ZeroDivisionError("a secret of ours")

    async def forget(self, _request: Request, _reply: Reply) -> None:
        return

    async def hang(self, _request: Request, _reply: Reply) -> None:
        self.hung.set()
        await asyncio.Event().wait()


@dataclass(kw_only=True)
class Node:
    port: int
    path: Path
    server: Server
    certificate: NodeCertificate
    toy: Toy
    refused: list[str] = field(default_factory=list)


@asynccontextmanager
async def running(
    folder: Path,
    limits: Limits | None = None,
    *,
    handle: Handler | None = None,
    verbs: Mapping[str, str] = VERBS,
    on_login_refused: Callable[[str, str], None] | None = None,
    verifiers: server_login.Verifiers | None = None,
    standing: Callable[[Principal], Principal] | None = None,
    local_names: Mapping[int, str] | None = None,
) -> AsyncIterator[Node]:
    """A node that serves on a free port of 127.0.0.1 and a unix socket, the toy if no `handle`."""
    certificate = load_or_make(folder, "dir1")
    toy = Toy()
    refused: list[str] = []
    server = Server(
        node="dir1",
        software="2.0.0",
        handle=handle or toy,
        verbs=verbs,
        features=("config", "echo"),
        verifiers=verifiers or Verifiers(),
        standing=standing,
        local_names=local_names,
        secret=b"secret",
        certificate=certificate,
        limits=limits,
        on_login_refused=on_login_refused or (lambda user, _address: refused.append(user)),
    )
    async with server:
        [(_, port)] = await server.listen_tcp("127.0.0.1", 0)
        await server.listen_unix(folder / "socket", mode=0o600)
        yield Node(
            port=port,
            path=folder / "socket",
            server=server,
            certificate=certificate,
            toy=toy,
            refused=refused,
        )


class Raw:
    """A client that says whatever it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def line(self) -> str:
        return (await self.reader.readline()).decode()

    async def say(self, text: str | bytes) -> None:
        self.writer.write(text.encode() + b"\n" if isinstance(text, str) else text)
        await self.writer.drain()

    async def ask(self, text: str) -> list[str]:
        """Send a request and read its answer to the end."""
        await self.say(text)
        answer = [await self.line()]
        while not answer[-1].startswith(("OK", "ERR")) and answer[-1]:
            answer.append(await self.line())
        return answer

    async def rest(self) -> bytes:
        """All until the end of the connection, however it ends."""
        seen = b""
        try:
            while chunk := await self.reader.read(65536):
                seen += chunk
        except OSError:
            pass
        return seen

    def binding(self) -> bytes:
        der: bytes = self.writer.get_extra_info("ssl_object").getpeercert(True)
        return der


@asynccontextmanager
async def raw_tls(port: int) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=client_context(), server_hostname="", limit=2**20
    )
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def raw_unix(path: Path) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**20)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def until(condition: Callable[[], object]) -> None:
    """Poll; the test's own time limit ends it."""
    while not condition():  # noqa: ASYNC110  there is no event for what a test looks at
        await asyncio.sleep(0.01)
