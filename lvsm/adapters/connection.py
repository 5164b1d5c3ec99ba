"""One connection of a server: performs what its session says, and answers for its handlers.

Law: the session decides, this module does. What was answered and not read by the client stays
bounded: while the client does not read, no byte of it is taken and no next request is delivered,
events are dropped, and after `Limits.stall_seconds` without progress it is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from lvsm.core.admission import Admission, Limits
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Handler
from lvsm.core.principal import Principal
from lvsm.core.responses import Event, Prepared, Response
from lvsm.core.roles import Right
from lvsm.core.session import Session
from lvsm.core.session_actions import (
    Action,
    Close,
    Deliver,
    LoggedIn,
    Pause,
    Request,
    Resume,
    Send,
    Settle,
    Wait,
)

log = logging.getLogger(__name__)


class ReplyGoneError(LvsmError):
    """The client is gone: nobody wants the rest of the answer."""

    code = "gone"


class Hub(Protocol):
    """What a connection needs of its server."""

    limits: Limits
    admission: Admission[Connection]
    handle: Handler
    monotonic: Callable[[], float]

    def run(self, connection: Connection, request: Request) -> None:
        """Have the request answered, in a task of the server's."""

    def enter(self, connection: Connection) -> bool:
        """A connection has come; whether there is a place for it."""

    def enter_local(self, connection: Connection, uid: int) -> bool:
        """A local process has come; whether there is a place for it."""

    def logged_in(self, connection: Connection) -> None:
        """Somebody is there."""

    def login_refused(self, user: str, origin: str) -> None:
        """Somebody could not prove who they are."""

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""


class Connection(asyncio.Protocol):
    """One client; `make_session` is called when it may speak."""

    def __init__(
        self,
        hub: Hub,
        *,
        make_session: Callable[[asyncio.BaseTransport], Session],
        half_close: bool,
    ) -> None:
        """`half_close`: answers outlive an EOF. `address` is what failed logins are counted by."""
        self._hub = hub
        self.address = ""
        self._make_session = make_session
        self._half_close = half_close
        self._session: Session | None = None
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._rights: frozenset[Right] = frozenset()
        self._owed = False
        self._paused = False
        self._desync = False
        self._stalled: tuple[int, float] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unsaid: Callable[[Session, float], list[Action]] | None = None
        self.watches: dict[asyncio.Task[None], None] = {}  # the oldest first
        self.only_looks: asyncio.Task[None] | None = None
        """The request in work, if nobody misses what it would have done."""

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is a stream")
        self._transport = transport
        self._session = self._make_session(transport)
        self._perform(self._session.start(self._hub.monotonic()))

    def data_received(self, data: bytes) -> None:
        """The client says something."""
        if self._session is not None:
            self._perform(self._session.receive(data, self._hub.monotonic()))

    def eof_received(self) -> bool:
        """The client will say no more; true to go on answering."""
        if self._session is not None:
            self._perform(self._session.ended(self._hub.monotonic()))
        return self._half_close and self._transport is not None

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client is gone: end what nobody waits for, and let changes end by themselves."""
        self._transport = None
        self._writable.set()
        if self._timer is not None:
            self._timer.cancel()
        for task in self.watches:
            task.cancel()
        if self.only_looks is not None:
            self.only_looks.cancel()
        self._hub.forget(self)

    def pause_writing(self) -> None:
        """The client does not read: take nothing more from it either."""
        self._writable.clear()
        self._pace()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._writable.set()
        self._stalled = None
        if self._desync:
            self._desync = False
            self.send(Event({"event": "resync"}))
        if self._owed and self._writable.is_set():
            self._owed = False
            self.answered()
        say, self._unsaid = self._unsaid, None
        if say is not None:
            self._say(say)
        self._pace()

    # the server's calls

    @property
    def principal(self) -> Principal | None:
        """Who is there; None before the login."""
        return self._session.principal if self._session is not None else None

    def stand(self, now: Principal) -> None:
        """What whoever is there may do now: who may do less than before has to log in again."""
        if self._rights - now.rights:
            self.dismiss("session-ended", "you may do less than before: log in again")
        self._rights = now.rights

    def dismiss(self, code: str, message: str) -> None:
        """Whoever is there may stay no longer."""
        if self._session is not None and not self.gone:
            log.info("%s has to log in again: %s", self.address, message)
            self._perform(self._session.dismiss(code, message))

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._session is not None:
            self._perform(self._session.tick(now, busy=bool(self.watches)))
        if not self._writable.is_set():
            waiting = self.unread()
            if self._stalled is None or waiting < self._stalled[0]:
                self._stalled = (waiting, now)
            elif now - self._stalled[1] >= self._hub.limits.stall_seconds:
                log.info("cutting off %s: it does not read", self.address)
                self.abort()

    def unread(self) -> int:
        """The bytes that were written and that the system has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def close(self) -> None:
        """End the connection when what was sent is read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    # the answer's calls

    @property
    def gone(self) -> bool:
        """Whether nobody is there any more."""
        return self._transport is None or self._transport.is_closing()

    def send(self, response: Response) -> None:
        """Send a line."""
        self._write(response.render().encode("utf-8") + b"\n")

    def send_event(self, event: Event | Prepared) -> bool:
        """Send an event unless too much waits already."""
        if self.gone or self._desync or self.unread() > self._hub.limits.unread_output:
            self._desync = not self.gone
            return False
        self.send(event)
        return True

    def answered(self) -> None:
        """The request has its end: deliver the next, or owe that to a client that does not read."""
        if not self._writable.is_set():
            self._owed = True
        elif self._session is not None:
            self._perform(self._session.answered(self._hub.monotonic()))

    def watch(self, task: asyncio.Task[None]) -> None:
        """A handler may go on after its answer; too many of them, and the oldest ends."""
        self.watches[task] = None
        if len(self.watches) > self._hub.limits.watches:
            oldest = next(iter(self.watches))
            del self.watches[oldest]
            oldest.cancel()
            self.send(Event({"event": "unwatched", "reason": "too many watches"}))

    async def drain(self) -> None:
        """Wait until the client has read most of it; raises ReplyGoneError."""
        await self._writable.wait()
        if self.gone:
            raise ReplyGoneError("the client is gone")

    # doing

    def _perform(self, actions: list[Action]) -> None:
        lines: list[bytes] = []
        for action in actions:
            if isinstance(action, Send):
                lines.append(action.data)
                continue
            self._write_all(lines)
            self._do(action)
        self._write_all(lines)

    def _write_all(self, lines: list[bytes]) -> None:
        """Send lines in one piece, for each piece is a call of the system."""
        if lines:
            self._write(b"".join(lines))
            lines.clear()

    def _do(self, action: Action) -> None:
        match action:
            case Deliver(request):
                self._hub.run(self, request)
            case Settle(user, accepted):
                self._settle(user, accepted=accepted)
            case Wait(seconds):
                self._later(seconds, Session.rested)
            case LoggedIn():
                self._hub.logged_in(self)
            case Pause() | Resume():
                self._paused = isinstance(action, Pause)
                self._pace()
            case Close():
                self.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _pace(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._paused or not self._writable.is_set():
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _settle(self, user: str, *, accepted: bool) -> None:
        now = self._hub.monotonic()
        seconds = self._hub.admission.decided(self, self.address, accepted=accepted, now=now)
        if not accepted:
            self._hub.login_refused(user, self.address)
        self._later(seconds, Session.settled)

    def _later(self, seconds: float, say: Callable[[Session, float], list[Action]]) -> None:
        """Say something to the session, unless the client is gone by then: one at a time."""
        self._timer = asyncio.get_running_loop().call_later(seconds, self._say, say)

    def _say(self, say: Callable[[Session, float], list[Action]]) -> None:
        if not self._writable.is_set():
            self._unsaid = say  # it would only be answered, and the answers pile up
        elif self._session is not None and self._transport is not None:
            self._perform(say(self._session, self._hub.monotonic()))
