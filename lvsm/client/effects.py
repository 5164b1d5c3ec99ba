"""What a flow asks of the world, as data; the blocking and the asyncio variant perform it.

A flow is a generator that yields effects and gets what came of each: it opens no socket, reads no
clock and starts no thread, so both variants do the same. Law: an effect raises OSError, of which
TimeoutError is one, or LvsmError, and nothing else that a flow has to know of. `seconds` is how
long it may take at most.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, Protocol, TypeVar

_T = TypeVar("_T")


class Wire(Protocol):
    """A connection that stands."""

    certificate: bytes
    """What the server showed (DER); empty on a unix socket."""

    def close(self) -> None:
        """End it now; waits for nothing and may be called twice."""


class Place(NamedTuple):
    """Where to connect to, as the socket module has it; the family is AF_UNIX for a path."""

    family: int
    address: Any


class Resolve(NamedTuple):
    """Find the places of a host and port: gives a list of them, at least one."""

    host: str
    port: int
    seconds: float


class Open(NamedTuple):
    """Connect, with TLS 1.3 unless `place` is a path: gives a Wire."""

    place: Place | str
    seconds: float


class Send(NamedTuple):
    """Send all of it."""

    wire: Wire
    data: bytes
    seconds: float


class Receive(NamedTuple):
    """Take what comes next: gives bytes, none at the end of the connection."""

    wire: Wire
    seconds: float


class Compute(NamedTuple):
    """Do what takes a while and waits for nothing: gives its value."""

    work: Callable[[], Any]


class Rest(NamedTuple):
    """Do nothing for a while."""

    seconds: float


Effect = Resolve | Open | Send | Receive | Compute | Rest
Flow = Generator[Effect, Any, _T]
