"""Nodes to talk to, in threads of their own: real ones, and rogues that do what they should not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from lvsm.adapters.certificates import NodeCertificate, load_or_make
from lvsm.adapters.transport import Server
from lvsm.core import scram
from lvsm.core.admission import Limits
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.session_actions import Request
from tests.unit.adapters.protocol_node import PASSWORD, Verifiers

VERBS = ("STATUS", "VIP SHOW", "CONFIG SAVE", "CONFIG CHECK", "WATCH", "AUDIT FOLLOW", "HANG")
_WEAK = scram.make_verifier(PASSWORD, b"w" * 16, scram.KEY_ITERATIONS)
GREETING = b"LVSM 1 rogue 2.0.0\n"


class _Verifiers(Verifiers):
    """Also of `weak`, for whose password this node asks for few iterations."""

    def lookup(self, name: str) -> scram.Verifier | None:
        return _WEAK if name == "weak" else super().lookup(name)


@dataclass(kw_only=True)
class Node:
    """A real server; `tcp` and `unix` are its addresses as `connect` takes them."""

    name: str
    unix: str
    tcp: str = ""
    port: int = 0
    certificate: NodeCertificate
    requests: list[Request] = field(default_factory=list)
    server: Server | None = None
    watchers: int = 0

    async def __call__(self, request: Request, reply: Reply) -> None:
        self.requests.append(request)
        match request.verb:
            case "STATUS":
                reply.item({"node": self.name, "kind": request.principal.kind})
                reply.ok("that is it")
            case "CONFIG CHECK":
                reply.item({"length": len(request.literal or b"")})
                reply.ok("checked")
            case "CONFIG SAVE" if "base" in request.options:
                raise LvsmError("generation 4 was saved meanwhile", code="conflict")
            case "VIP SHOW":
                reply.item({"place": "line 1"})
                raise LvsmError("there is no such VIP", code="unknown-name")
            case "CONFIG SAVE":
                reply.ok("saved")
            case "WATCH" | "AUDIT FOLLOW":
                await self.watch(request, reply)
            case _:
                await asyncio.Event().wait()

    async def watch(self, request: Request, reply: Reply) -> None:
        if request.verb == "AUDIT FOLLOW":
            reply.item({"event": "change", "seq": 1})
        elif not request.args:
            raise LvsmError("WATCH names topics", code="bad-request")
        reply.ok("watching")
        self.watchers += 1
        for number in range(3):
            reply.event({"event": "status", "node": self.name, "number": number})
        await asyncio.Event().wait()

    def rest(self) -> None:
        """Wait until the node has ended every connection."""
        while self.server is None or not all(c.gone for c in self.server._connections):
            threading.Event().wait(0.01)


@contextlib.contextmanager
def serving(folder: Path, name: str = "dir1", limits: Limits | None = None) -> Iterator[Node]:
    """A node on a unix socket, and with TLS on a free port of 127.0.0.1."""
    folder.mkdir(exist_ok=True)
    node = Node(name=name, unix=str(folder / "socket"), certificate=load_or_make(folder, name))
    ready: Future[asyncio.Event] = Future()

    async def serve() -> None:
        node.server = Server(
            node=name,
            software="2.0.0",
            handle=node,
            verbs=dict.fromkeys(VERBS, "for the tests"),
            verifiers=_Verifiers(),
            secret=b"secret",
            certificate=node.certificate,
            limits=limits,
            on_login_refused=lambda _user, _address: None,
        )
        stop = asyncio.Event()
        async with node.server:
            [(_, node.port)] = await node.server.listen_tcp("127.0.0.1", 0)
            node.tcp = f"127.0.0.1:{node.port}"
            await node.server.listen_unix(Path(node.unix), mode=0o600)
            loop.append(asyncio.get_running_loop())
            ready.set_result(stop)
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    loop: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        stop = ready.result()
        yield node
    finally:
        if loop:
            loop[0].call_soon_threadsafe(stop.set)
        thread.join()


class Rogue:
    """What a script of a rogue has to work with: one client, and what that said."""

    def __init__(self, sock: socket.socket, lines: list[str], stop: threading.Event) -> None:
        self._socket = sock
        self._file = sock.makefile("rb")
        self._lines = lines
        self._stop = stop

    def say(self, data: bytes) -> bool:
        """Whether the client took it."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return not self._stop.is_set()

    def hear(self) -> str:
        line = self._file.readline().decode().strip()
        if line:
            self._lines.append(line)
        return line

    def hang(self) -> None:
        self._stop.wait()

    def say_and_hang(self, data: bytes) -> None:
        self.say(data)
        self.hang()

    def sip(self) -> None:
        """Take a little now and then, until the client is gone."""
        while self._file.read1(4096) and not self._stop.wait(0.001):
            pass

    def drip(self, data: bytes) -> None:
        """Say one thing after another, until the client is gone."""
        while self.say(data):
            self._stop.wait(0.02)


@dataclass(kw_only=True)
class Misbehaving:
    """A rogue's address, and what its clients said, line by line."""

    address: str
    lines: list[str]


@contextlib.contextmanager
def rogue(script: Callable[[Rogue], None], path: Path | None = None) -> Iterator[Misbehaving]:
    """Clients of a unix socket, or of a free port of 127.0.0.1, each get the script."""
    listener = socket.socket(socket.AF_INET if path is None else socket.AF_UNIX)
    listener.bind(("127.0.0.1", 0) if path is None else str(path))
    listener.listen()
    listener.settimeout(0.05)
    where = str(path) if path else f"127.0.0.1:{listener.getsockname()[1]}"
    lines: list[str] = []
    stop = threading.Event()
    threads = []
    clients: list[socket.socket] = []

    def talk(sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            client = Rogue(sock, lines, stop)
            script(client)
            sock.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while not stop.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            clients.append(sock)
            thread = threading.Thread(target=talk, args=(sock,))
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield Misbehaving(address=where, lines=lines)
    finally:
        stop.set()
        accepting.join()
        for sock in clients:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # whoever still listens to it hears the end
        for thread in threads:
            thread.join()
        listener.close()


def nowhere() -> str:
    """An address of 127.0.0.1 where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"
