"""The blocking variant: performs the flows' effects with sockets and waits for each."""

from __future__ import annotations

import socket
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from os import urandom
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lvsm.client import resolving
from lvsm.client.addresses import Address
from lvsm.client.cluster import Cluster
from lvsm.client.effects import Compute, Effect, Flow, Open, Place, Receive, Resolve, Rest, Send
from lvsm.client.link import Asking, World
from lvsm.client.settings import Deadlines, Settings, addresses_of
from lvsm.client.watching import Event, Lost, Watching
from lvsm.core.conversation import Response
from lvsm.core.errors import LvsmError
from lvsm.core.responses import Greeting

if TYPE_CHECKING:
    from queue import SimpleQueue

_CHUNK = 256 * 1024
_T = TypeVar("_T")


def connect(
    *nodes: str | Address,
    user: str = "admin",
    password: str | Callable[[], str] = "",
    fingerprint: str | None = None,
    deadlines: Deadlines | None = None,
) -> Client:
    """Connect to the first of the `nodes` that answers, and log in.

    A node is `HOST`, `HOST:PORT`, `[IPV6]:PORT` or the path of a unix socket, where there is no
    login; without any it is the plvsd of this machine. `password` may be a function, called when it
    is needed. With `fingerprint`, what `lvsm cert show` prints on that node, nothing at all is said
    to a server with another certificate. The server has to ask for as many iterations of PBKDF2 as
    `core.principal.iterations_for` says. Raises UnreachableError, LoginRefusedError,
    NotTheServerError, AddressError.
    """
    client = Client(
        Settings(
            addresses=addresses_of(nodes),
            user=user,
            password=password,
            fingerprint=fingerprint,
            deadlines=deadlines or Deadlines(),
        )
    )
    client.connect()
    return client


class Client:
    """The nodes of one cluster; use it from one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected yet; `connect` makes one that is."""
        self._settings = settings
        self._cluster = Cluster(settings, world())

    def connect(self) -> Greeting:
        """Connect unless that is done, and tell how the node has greeted. Raises as `connect`."""
        return _run(self._cluster.ready()).greeting

    @property
    def address(self) -> Address | None:
        """Where the node is that answers, None without a connection."""
        return self._cluster.link.address if self._cluster.link is not None else None

    def request(
        self,
        verb: str,
        /,
        *args: str,
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
        timeout: float | None = None,
        again: bool | None = None,
    ) -> Response:
        """Ask, and wait for the whole answer: `timeout` seconds, or the deadline, for each node.

        Options that are None are left out. What only reads is asked of the next node when one is
        lost; `again` overrides that. Raises RefusedError (and ConflictError, NotAllowedError),
        OutcomeUnknownError for a change without an answer, BadRequestError for what is no request,
        and as `connect`.
        """
        seconds = self._settings.deadlines.request if timeout is None else timeout
        asking = Asking(verb, args, options, literal)
        return _run(self._cluster.request(asking, seconds=seconds, again=again))

    def watch(self, *topics: str, lost: Lost | None = None) -> Watch:
        """What happens from now on, over a connection of its own; see `Watch`.

        When every node is lost it ends with an UnreachableError; with `lost`, that is called with
        the error and the seconds until it is tried again, for ever.
        """
        return Watch(Watching(self._cluster, Asking("WATCH", topics), moves=True, lost=lost))

    def follow(
        self,
        verb: str,
        /,
        *args: str,
        options: Mapping[str, object] | None = None,
        lost: Lost | None = None,
        again: Callable[[], Mapping[str, object]] | None = None,
    ) -> Watch:
        """What one node tells behind another verb's answer, whose items come first.

        It ends with an UnreachableError when that node is lost, for others would tell other things;
        with `lost` that node is tried again, as in `watch`, and `again` gives the options then.
        """
        return Watch(
            Watching(
                self._cluster,
                Asking(verb, args, options),
                moves=False,
                lost=lost,
                again=again and (lambda: Asking(verb, args, again())),
            )
        )

    def close(self) -> None:
        """End the connection; another request makes a new one."""
        self._cluster.close()

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


class Watch:
    """Events to iterate over, inside `with`, which begins and ends the watch.

    It goes on at another node when one is lost. An event with `resync` says that something may be
    missing before it; the events behind it say how things are. Raises as `Client.request`.
    """

    def __init__(self, watching: Watching) -> None:
        """Made by `Client.watch`."""
        self._watching = watching

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event; None when none came for `timeout` seconds."""
        return _run(self._watching.next(timeout))

    def close(self) -> None:
        """End it."""
        self._watching.close()

    def __enter__(self) -> Self:
        """Be watching from here on."""
        _run(self._watching.begin())
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()

    def __iter__(self) -> Self:
        """Without an end."""
        return self

    def __next__(self) -> Event:
        """Wait for the next."""
        event = self.next()
        if event is None:
            raise StopIteration
        return event


def world() -> World:
    """The machine's clock and randomness."""
    return World(now=time.monotonic, nonce=lambda: b64encode(urandom(18)).decode("ascii"))


class _Wire:
    """A socket as a flow holds it."""

    def __init__(self, sock: socket.socket, certificate: bytes = b"") -> None:
        self.socket = sock
        self.certificate = certificate

    def close(self) -> None:
        self.socket.close()


def _run(flow: Flow[_T]) -> _T:
    """Perform a flow to its end."""
    try:
        effect = next(flow)
        while True:
            try:
                value = _perform(effect)
            except (OSError, LvsmError) as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what a generator returns is Any
    finally:
        flow.close()


def _perform(effect: Effect) -> Any:
    match effect:
        case Resolve():
            return _resolve(effect)
        case Open():
            return _open(effect)
        case Send(_Wire(socket=sock), data, seconds):
            _send(sock, data, seconds)
        case Receive(_Wire(socket=sock), seconds):
            return _receive(sock, seconds)
        case Compute(work):
            return work()
        case Rest(seconds):
            time.sleep(seconds)
    return None


def _resolve(effect: Resolve) -> list[Place]:
    places = resolving.known(effect.host, effect.port)
    if places is not None:
        return places
    from queue import Empty, SimpleQueue

    found: SimpleQueue[list[Place] | OSError] = SimpleQueue()
    resolving.look_up(effect.host, effect.port, found.put)
    try:
        answer = found.get(timeout=effect.seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _open(effect: Open) -> _Wire:
    deadline = time.monotonic() + effect.seconds
    place = effect.place
    tls = isinstance(place, Place)
    sock = socket.socket(place.family if isinstance(place, Place) else socket.AF_UNIX)
    try:
        sock.settimeout(effect.seconds)
        if isinstance(place, Place):
            for level, option, value in resolving.KEEPALIVE:
                sock.setsockopt(level, option, value)
        sock.connect(place.address if isinstance(place, Place) else place)
        return _tls(sock, deadline) if tls else _Wire(sock)
    except BaseException:
        sock.close()
        raise


def _tls(sock: socket.socket, deadline: float) -> _Wire:
    from lvsm.adapters.certificates import client_context

    sock.settimeout(max(deadline - time.monotonic(), 0.001))
    safe = client_context().wrap_socket(sock)
    return _Wire(safe, safe.getpeercert(binary_form=True) or b"")


def _send(sock: socket.socket, data: bytes, seconds: float) -> None:
    """Send all in `seconds`; `sendall` of a TLS socket would take so long for each part."""
    deadline = time.monotonic() + seconds
    rest = memoryview(data)
    while rest:
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        rest = rest[sock.send(rest[:_CHUNK]) :]


def _receive(sock: socket.socket, seconds: float) -> bytes:
    """What comes next; with 0 seconds, what is there."""
    sock.settimeout(seconds)
    try:
        return sock.recv(_CHUNK)
    except BlockingIOError:
        raise TimeoutError from None
    except OSError as error:
        if type(error).__name__ == "SSLWantReadError":
            raise TimeoutError from None
        raise
