"""The client's side of one connection as a state machine, without I/O.

Law: answers belong to requests in their order, and every answer is whole: its count of items fits,
or the connection is given up. Nothing is sent before the greeting, no request before the server
has proved that it knows the password.
"""

from __future__ import annotations

import enum
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from lvsm.core import messages, responses
from lvsm.core.errors import LvsmError
from lvsm.core.lines import LITERAL, Line, LineReader, LiteralTooLargeError
from lvsm.core.responses import NO_DETAILS, BadResponseError, Err, Event, Greeting, Item, Ok, Step

LONGEST_ANSWER = 128 * 1024 * 1024
"""A configuration of 16 MiB as one JSON line, every character of it escaped."""

_AUTH = b"AUTH SCRAM-SHA-256-PLUS "


class RefusedError(LvsmError):
    """The server answered ERR; `fields` are the details, `items` what came before it."""

    def __init__(self, error: Err, items: Sequence[Mapping[str, Any]] = ()) -> None:
        """Keep what the server said."""
        super().__init__(error.message, code=error.code)
        self.fields = dict(error.fields)
        self.items = tuple(items)


class Response(NamedTuple):
    """A good answer: its items and the text after OK."""

    items: tuple[dict[str, Any], ...] = ()
    text: str = ""


class Ready(NamedTuple):
    """The connection may be used."""

    greeting: Greeting


class Answered(NamedTuple):
    """The oldest open request has its answer."""

    answer: Response | RefusedError


class Happened(NamedTuple):
    """Something that is watched happened."""

    fields: Mapping[str, Any] = NO_DETAILS


Happening = Ready | Answered | Happened


class Login(Protocol):
    """The steps of a login, as `core.scram.Client` takes them; each raises LvsmError."""

    def first(self) -> bytes:
        """The first message."""

    def final(self, server_first: bytes) -> bytes:
        """The answer to the server's."""

    def verify(self, server_final: bytes) -> None:
        """Hold the server's proof against what it must be."""


class State(enum.Enum):
    """Where the connection is."""

    GREETING = "waiting for the greeting"
    CHALLENGE = "waiting for the challenge"
    PROOF = "waiting for the server's proof"
    WELCOME = "waiting for the OK of the login"
    READY = "ready"


class Conversation:
    """One connection to a server; with no `login` the kernel says who is there."""

    def __init__(self, login: Login | None = None, *, max_literal: int = LITERAL) -> None:
        """Wait for the greeting; the server takes literals of `max_literal` bytes."""
        self._login = login
        self._max_literal = max_literal
        self._reader = LineReader(max_line=LONGEST_ANSWER)
        self._outgoing: list[bytes] = []
        self._items: list[dict[str, Any]] = []
        self._happenings: list[Happening] = []
        self._greeting: Greeting | None = None
        self.open = 0
        self.state = State.GREETING

    def request(
        self,
        verb: str,
        args: Sequence[str] = (),
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
    ) -> None:
        """Ask for something; `verb` may go on as one would type it.

        Raises BadRequestError; RefusedError for a literal that no server takes: sent, it would be
        refused while most of it is still under way, and the end of the connection may swallow that.
        """
        length = None if literal is None else len(literal)
        if length is not None and length > self._max_literal:
            message = f"{length} bytes are too many: a literal has {self._max_literal} at most"
            raise RefusedError(Err(LiteralTooLargeError.code, message))
        line = messages.render(verb, args, options, length)
        self._outgoing.append(line.encode("utf-8") + b"\n")
        if literal is not None:
            self._outgoing.append(literal)
        self.open += 1

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        data, self._outgoing = b"".join(self._outgoing), []
        return data

    def receive(self, data: bytes) -> list[Happening]:
        """Bytes have arrived; raises LvsmError when the connection is of no use any more.

        The PBKDF2 of a login happens here.
        """
        self._reader.feed(data)
        while (event := self._reader.next_event()) is not None:
            if isinstance(event, Line):
                self._line(responses.parse(event.text))
        happenings, self._happenings = self._happenings, []
        return happenings

    def _line(self, response: responses.Response) -> None:
        if isinstance(response, Err) and (self.state is not State.READY or not self.open):
            raise RefusedError(response)
        if self.state is not State.READY:
            self._enter(response)
        elif isinstance(response, Item):
            self._items.append(dict(response.fields))
        elif isinstance(response, Event):
            self._happenings.append(Happened(response.fields))
        elif isinstance(response, Ok | Err) and self.open:
            self._answer(response)
        else:
            raise BadResponseError("plvsd answered what nobody asked")

    def _enter(self, response: responses.Response) -> None:
        match self.state, response:
            case State.GREETING, Greeting():
                self._greet(response)
            case State.CHALLENGE, Step(data) if self._login is not None:
                self._send(b64encode(self._login.final(data)))
                self.state = State.PROOF
            case State.PROOF, Step(data) if self._login is not None:
                self._login.verify(data)
                self.state = State.WELCOME
            case State.WELCOME, Ok():
                self._ready()
            case _:
                raise BadResponseError(f"plvsd said something else while {self.state.value}")

    def _greet(self, greeting: Greeting) -> None:
        self._greeting = greeting
        if self._login is None:
            self._ready()
        else:
            first = b64encode(self._login.first())
            self._send(_AUTH + first)
            self.state = State.CHALLENGE

    def _ready(self) -> None:
        self.state = State.READY
        if self._greeting is not None:
            self._happenings.append(Ready(self._greeting))

    def _answer(self, end: Ok | Err) -> None:
        items, self._items = self._items, []
        if isinstance(end, Ok) and end.count != len(items):
            raise BadResponseError(f"{end.count} items were announced and {len(items)} came")
        self.open -= 1
        if isinstance(end, Ok):
            self._happenings.append(Answered(Response(items=tuple(items), text=end.text)))
        else:
            self._happenings.append(Answered(RefusedError(end, items)))

    def _send(self, line: bytes) -> None:
        self._outgoing.append(line + b"\n")
