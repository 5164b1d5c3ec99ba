"""Which nodes a client talks to, who logs in, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lvsm.client.addresses import LOCAL, Address, parse_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds that each node has for each step; then the next node is tried."""

    connect: float = 5.0
    """To find its address, connect, and agree on TLS."""
    login: float = 15.0
    """From the connection to the server's proof; a server may make guessers wait for 4 s."""
    request: float = 30.0
    """From a request to the end of its answer."""
    idle: float = 30.0
    """A watch that heard nothing for so long asks whether somebody is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a client needs to know.

    `password` may be a function, which is called once, when the first node is reached by TCP.
    """

    addresses: tuple[Address, ...]
    user: str = "admin"
    password: str | Callable[[], str] = field(default="", repr=False)
    fingerprint: str | None = None
    deadlines: Deadlines = field(default_factory=Deadlines)


def addresses_of(nodes: tuple[str | Address, ...]) -> tuple[Address, ...]:
    """The nodes to try, in their order; without any, this machine's. Raises AddressError."""
    found = [parse_address(node) if isinstance(node, str) else node for node in nodes]
    return tuple(found) or (LOCAL,)
