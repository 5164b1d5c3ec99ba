"""The server: TCP with TLS 1.3, and the unix socket, in front of one handler.

Law: every task belongs to the server's group and ends with it; no client, however slow or hostile,
makes another one wait. Who may connect is `core.admission`'s matter, what a connection does next
`core.session`'s.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from lvsm.adapters import clock
from lvsm.adapters.answer import Answer
from lvsm.adapters.certificates import NodeCertificate, server_context
from lvsm.adapters.connection import Connection, ReplyGoneError
from lvsm.adapters.entrances import TcpConnection, UnixConnection, peer_credentials, peer_name
from lvsm.adapters.lean_tls import LeanTls
from lvsm.core.admission import Admission, Limits
from lvsm.core.allowance import Allowance
from lvsm.core.certificate import end_point_hash
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Handler
from lvsm.core.principal import Principal, local_principal
from lvsm.core.reads import READS
from lvsm.core.responses import Greeting
from lvsm.core.server_login import ServerLogin, Verifiers
from lvsm.core.session import Session
from lvsm.core.session_actions import Request
from lvsm.core.session_table import LOGIN_VERBS, listed

log = logging.getLogger(__name__)

BACKLOG = 1024
ACCEPTED_AT_ONCE = 16
"""Connections that are taken before others have their turn; asyncio would take all of BACKLOG."""
SWEEP_SECONDS = 1.0
SWEPT_AT_ONCE = 256
NONCE_BYTES = 18


class Server:
    """Serve from `async with` on: listen inside, and leave the block to end every connection."""

    def __init__(
        self,
        *,
        node: str,
        software: str,
        handle: Handler,
        verbs: Mapping[str, str],
        features: Iterable[str] = (),
        verifiers: Verifiers | None = None,
        secret: bytes = b"",
        certificate: NodeCertificate | None = None,
        limits: Limits | None = None,
        local_names: Mapping[int, str] | None = None,
        on_login_refused: Callable[[str, str], None] | None = None,
        standing: Callable[[Principal], Principal] | None = None,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        """`verbs` has each verb's line of help; TCP needs verifiers, secret and certificate.

        `features` are words of the greeting: what this server has that another may not have.
        `secret` is the same on all nodes and for ever (see `ServerLogin`). `local_names` names the
        uids of the unix socket's clients. `on_login_refused` is called with the user's name, which
        is a stranger's text, and the address. `standing` raises LvsmError for somebody who has to
        log in again: it is asked about each connection every SWEEP_SECONDS, and ends it.
        """
        self.limits = limits or Limits()
        self.admission: Admission[Connection] = Admission(self.limits)
        self.handle = handle
        self.monotonic = monotonic
        self._greeting = Greeting(node=node, software=software, features=tuple(features))
        self._verbs = {**verbs, **LOGIN_VERBS}
        self._listing = listed(self._verbs)
        self._verifiers = verifiers
        self._secret = secret
        self._certificate = certificate
        self._identity: tuple[ssl.SSLContext, bytes]
        self._names = {0: "root", **(local_names or {})}
        self._on_login_refused = on_login_refused
        self._standing = standing
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._uids: Counter[str] = Counter()
        self._allowances: dict[int, Allowance] = {}

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._group.__aenter__()
        self._keep(self._group.create_task(self._sweep(), name="protocol sweep"))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every connection and every handler."""
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0)  # answers that wait in a socket's buffer go out
        for connection in list(self._connections):
            connection.abort()
        if kind is None or issubclass(kind, asyncio.CancelledError):
            await self._group.__aexit__(kind, error, trace)
        else:
            await self._group.__aexit__(None, None, None)  # the block's own error, as it is

    async def listen_tcp(
        self, host: str | None = None, port: int = 0, *, sock: socket.socket | None = None
    ) -> list[tuple[str, int]]:
        """Serve TLS on an address or a bound socket; returns where. Raises OSError, LvsmError."""
        certificate, verifiers = self._certificate, self._verifiers
        if certificate is None or verifiers is None or not self._secret:
            raise ValueError("TCP needs a certificate, verifiers and a secret")
        self.use(certificate)

        def factory() -> LeanTls:
            context, binding = self._identity
            connection = TcpConnection(self, partial(self._tcp_session, verifiers, binding))
            return LeanTls(connection, context, handshake_seconds=self.limits.login_seconds)

        loop = asyncio.get_running_loop()
        if sock is not None:
            listener = await loop.create_server(factory, sock=sock, backlog=ACCEPTED_AT_ONCE)
        else:
            listener = await loop.create_server(factory, host, port, backlog=ACCEPTED_AT_ONCE)
        self._take(listener)
        return [open_socket.getsockname()[:2] for open_socket in listener.sockets]

    def use(self, certificate: NodeCertificate) -> None:
        """Show this certificate from the next connection on. Raises OSError, LvsmError."""
        self._identity = (server_context(certificate.path), end_point_hash(certificate.der))

    async def listen_unix(
        self,
        path: Path | None = None,
        *,
        mode: int = 0o666,
        group: int | None = None,
        sock: socket.socket | None = None,
    ) -> None:
        """Serve on a unix socket made here, replacing an old one, or a bound one. OSError."""
        if path is not None:
            path.unlink(missing_ok=True)
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.bind(str(path))
            path.chmod(mode)
            if group is not None:
                os.chown(path, -1, group)

        def factory() -> Connection:
            return UnixConnection(self, self._local_session)

        loop = asyncio.get_running_loop()
        self._take(await loop.create_unix_server(factory, sock=sock, backlog=ACCEPTED_AT_ONCE))

    # a connection's calls

    def run(self, connection: Connection, request: Request) -> None:
        """Have the request answered."""
        reply = Answer(connection)
        reply.task = self._group.create_task(self._answer(connection, request, reply))
        self._keep(reply.task)
        if request.verb in READS:
            connection.only_looks = reply.task

    def logged_in(self, connection: Connection) -> None:
        """Somebody is there."""
        self.admission.leave(connection)
        self._ask_standing(connection)

    def login_refused(self, user: str, origin: str) -> None:
        """Tell whoever keeps the audit and sees to floods, or log it."""
        if self._on_login_refused is not None:
            self._on_login_refused(user, origin)
        else:
            log.warning("login refused: %r from %s", user[:64], origin)

    def enter(self, connection: Connection) -> bool:
        """A connection has come; whether there is a place for it."""
        self._connections.add(connection)
        return len(self._connections) <= self.limits.connections

    def enter_local(self, connection: Connection, uid: int) -> bool:
        """A local process has come; whether there is a place for it."""
        self._uids[connection.address] += 1
        return self.enter(connection) and (
            uid == 0 or self._uids[connection.address] <= self.limits.connections_per_uid
        )

    def forget(self, connection: Connection) -> None:
        """It is gone; may be said twice."""
        self.admission.leave(connection)
        if connection in self._connections:
            self._connections.discard(connection)
            if self._uids[connection.address] <= 1:
                del self._uids[connection.address]
            else:
                self._uids[connection.address] -= 1

    # inside

    def _take(self, listener: asyncio.Server) -> None:
        """Keep a listener; many may wait in its queue."""
        self._listeners.append(listener)
        for open_socket in listener.sockets:
            with open_socket.dup() as same:
                same.listen(BACKLOG)

    def _session(self, origin: str, login: ServerLogin) -> Session:
        return Session(
            greeting=self._greeting,
            verbs=self._verbs,
            listing=self._listing,
            origin=origin,
            limits=self.limits,
            login=login,
        )

    def _tcp_session(
        self, verifiers: Verifiers, binding: bytes, transport: asyncio.BaseTransport
    ) -> Session:
        login = ServerLogin(
            nonce=secrets.token_urlsafe(NONCE_BYTES),
            binding=binding,
            verifiers=verifiers,
            secret=self._secret,
        )
        return self._session(peer_name(transport), login)

    def _local_session(self, transport: asyncio.BaseTransport) -> Session:
        pid, uid = peer_credentials(transport)
        return Session(
            greeting=self._greeting,
            verbs=self._verbs,
            listing=self._listing,
            origin=f"unix:uid={uid},pid={pid}",
            limits=self.limits,
            principal=local_principal(uid, self._names.get(uid)),
            allowance=self._allowance_of(uid) if uid else None,
        )

    def _allowance_of(self, uid: int) -> Allowance:
        """What all connections of a uid share; kept, or closing them all would fill it."""
        return self._allowances.setdefault(uid, self.limits.allowance())

    async def _answer(self, connection: Connection, request: Request, reply: Answer) -> None:
        try:
            await self.handle(request, reply)
            if not reply.done:
                log.error("%s was left without an answer", request.verb)
                reply.error("internal", "plvsd did not answer: its log says more")
        except ReplyGoneError:
            log.debug("%s went away during %s", request.origin, request.verb)
        except LvsmError as error:
            _end(reply, error.code, error.message)
        except Exception:
            log.exception("%s of %s failed", request.verb, request.principal.name)
            _end(reply, "internal", "plvsd made a mistake: its log says more")
        finally:
            if reply.task is not None:
                connection.watches.pop(reply.task, None)
            if connection.only_looks is reply.task:
                connection.only_looks = None

    async def _sweep(self) -> None:
        period = min(SWEEP_SECONDS, self.limits.login_seconds / 4, self.limits.stall_seconds / 4)
        while True:
            await asyncio.sleep(period)
            now = self.monotonic()
            for number, connection in enumerate(list(self._connections)):
                connection.tick(now)
                if number % SWEPT_AT_ONCE == SWEPT_AT_ONCE - 1:
                    await asyncio.sleep(0)
                self._ask_standing(connection)

    def _ask_standing(self, connection: Connection) -> None:
        if self._standing is None or connection.principal is None:
            return
        try:
            connection.stand(self._standing(connection.principal))
        except LvsmError as error:
            connection.dismiss(error.code, error.message)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _end(reply: Answer, code: str, message: str) -> None:
    """Refuse, if there is still somebody to tell and nothing was said."""
    try:
        if not reply.done:
            reply.error(code, message)
    except ReplyGoneError:
        return
