"""The client library: a blocking connection to plvsd, for the command line and the web client.

    with connect(unix="/run/lvsm/plvsd.sock") as client:
        for vip in client.request("VIP LIST").items: ...

    connect(host="dir1", user="admin", password=...)      TLS 1.3 and SCRAM-SHA-256-PLUS

Importing it is cheap, since every `lvsm` command does: no asyncio, no cryptography, and ssl and
hashlib only for TCP.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from os import PathLike, fspath, urandom
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lvsm.core.conversation import (
    Answered,
    Conversation,
    Happened,
    Happening,
    Login,
    Ready,
    Response,
)
from lvsm.core.conversation import RefusedError as Refused
from lvsm.core.errors import LvsmError
from lvsm.core.responses import Greeting

if TYPE_CHECKING:
    import ssl

__all__ = ["Client", "LostError", "Refused", "Response", "UnreachableError", "connect"]

DEFAULT_PORT = 6610
TIMEOUT = 30.0
CONNECT_TIMEOUT = 5.0
_CHUNK = 256 * 1024
_Kind = TypeVar("_Kind", Ready, Answered, Happened)


class UnreachableError(LvsmError):
    """No plvsd answers there."""

    code = "unreachable"


class LostError(LvsmError):
    """The connection broke, or an answer is late: what was asked may have been done."""

    code = "lost"


def connect(
    host: str | None = None,
    port: int = DEFAULT_PORT,
    user: str = "admin",
    password: str = "",
    *,
    unix: str | PathLike[str] | None = None,
    timeout: float = TIMEOUT,
    connect_timeout: float = CONNECT_TIMEOUT,
    fingerprint: str | None = None,
) -> Client:
    """Connect to a node, or with `unix` to this machine's plvsd, and log in.

    `timeout` is for each answer, `connect_timeout` for the connection, in seconds. With
    `fingerprint`, what `lvsm cert` prints on that node, nothing at all is said to a server with
    another certificate. Raises UnreachableError; Refused with code `auth-failed`; ScramError when
    the server does not know the password either.
    """
    if unix is not None:
        return Client(_unix(fspath(unix), connect_timeout), timeout=timeout)
    if host is None:
        raise ValueError("connect needs a host or a unix socket")
    sock = _tls(host, port, connect_timeout)
    return Client(sock, _login(sock, user, password, fingerprint), timeout=timeout)


class Client:
    """A connection that is ready for requests; use it from one thread at a time."""

    def __init__(
        self,
        sock: socket.socket,
        login: Login | None = None,
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        """Greet and log in over a connected socket; made by `connect`."""
        self._socket = sock
        self._timeout = timeout
        self._waiting: list[Happening] = []
        self._conversation = Conversation(login)
        self.greeting: Greeting = self._enter(time.monotonic() + timeout)

    def request(
        self,
        verb: str,
        /,
        *args: str,
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Ask, and wait for the whole answer.

        Options that are None are left out. Raises Refused, LostError, BadRequestError.
        """
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        self._conversation.request(verb, args, options, literal)
        try:
            answer = self._until(Answered, deadline).answer
        except TimeoutError:
            self.close()
            raise LostError("plvsd did not answer in time: what was asked may be done") from None
        if isinstance(answer, Refused):
            raise answer
        return answer

    def events(self, timeout: float | None = None) -> Iterator[Mapping[str, Any]]:
        """What happens, after a request that watches; ends when nothing did for `timeout` seconds.

        Without a timeout it waits for ever. Raises LostError.
        """
        while True:
            deadline = None if timeout is None else time.monotonic() + timeout
            try:
                happened = self._until(Happened, deadline)
            except TimeoutError:
                return
            yield happened.fields

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        """It is ready already."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End the connection."""
        self.close()

    def _enter(self, deadline: float) -> Greeting:
        try:
            return self._until(Ready, deadline).greeting
        except TimeoutError:
            self.close()
            raise UnreachableError("plvsd does not answer: it may be stuck") from None
        except LostError as error:
            raise UnreachableError(error.message) from error

    def _until(self, kind: type[_Kind], deadline: float | None) -> _Kind:
        """The next happening of that kind; others are kept. Raises TimeoutError, LvsmError."""
        try:
            while True:
                for index, happening in enumerate(self._waiting):
                    if isinstance(happening, kind):
                        del self._waiting[index]
                        return happening
                self._waiting += self._exchange(deadline)
        except TimeoutError:
            raise
        except OSError as error:
            self.close()
            raise LostError(f"the connection to plvsd broke: {error}") from error
        except LvsmError:
            self.close()
            raise

    def _exchange(self, deadline: float | None) -> list[Happening]:
        """Send what is to be sent, and take what comes next."""
        outgoing = self._conversation.outgoing()
        if outgoing:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(outgoing)
        self._socket.settimeout(_left(deadline))
        data = self._socket.recv(_CHUNK)
        if not data:
            raise LostError("plvsd ended the connection: what was asked may be done or not")
        return self._conversation.receive(data)


def _left(deadline: float | None) -> float | None:
    """Seconds until the deadline, never 0, which a socket would take for something else."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _unix(path: str, timeout: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(path)
    except FileNotFoundError:
        sock.close()
        raise UnreachableError(f"plvsd does not run here ({path} is missing)") from None
    except OSError as error:
        sock.close()
        why = error.strerror or error
        raise UnreachableError(f"plvsd does not answer on {path}: {why}") from error
    return sock


def _tls(host: str, port: int, timeout: float) -> ssl.SSLSocket:
    import ssl

    from lvsm.adapters.certificates import client_context

    sock = None
    try:
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client_context().wrap_socket(sock)
    except OSError as error:
        if sock is not None:
            sock.close()
        what = "no TLS 1.3 there" if isinstance(error, ssl.SSLError) else error
        raise UnreachableError(f"plvsd does not answer on {host} port {port}: {what}") from error


def _login(sock: ssl.SSLSocket, user: str, password: str, wanted: str | None) -> Login:
    from base64 import b64encode

    from lvsm.adapters.certificates import end_point_hash, fingerprint
    from lvsm.core.scram import Client as ScramClient

    try:
        der = sock.getpeercert(binary_form=True) or b""
        if wanted is not None and fingerprint(der) != wanted.upper():
            raise UnreachableError(
                f"the node shows another certificate, {fingerprint(der)}: if it was renewed, take"
                " this fingerprint from `lvsm cert` on the node itself"
            )
        nonce = b64encode(urandom(18)).decode("ascii")
        binding = end_point_hash(der)
        return ScramClient(user=user, password=password, nonce=nonce, binding=binding)
    except LvsmError:
        sock.close()
        raise
