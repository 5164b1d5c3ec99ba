"""The limits of a server, and who may connect: pure, with time as an argument.

Law: who has not logged in never keeps others from the greeting. When the places of strangers are
all taken, the oldest stranger of the address that has most of them makes room. Only failed logins
make an address wait, and nothing makes it wait for good.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Generic, TypeVar

from lvsm.core import lines
from lvsm.core.allowance import Allowance

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server puts up with; sizes in bytes, times in seconds."""

    line_before_login: int = lines.LINE_BEFORE_LOGIN
    """The longest line of a client that has not logged in."""
    line_after_login: int = lines.LINE_AFTER_LOGIN
    """The longest line after that."""
    literal: int = lines.LITERAL
    """The longest literal; nobody sends one before the login."""
    peer_literal: int = lines.PEER_LITERAL
    """The longest literal of another node."""
    pipelined: int = 64
    """Requests that a client may send ahead; more of them wait in its own buffers."""
    requests_before_login: int = 16
    """HELP, NOOP and what is refused; one more ends the connection."""
    requests_per_second: float = 200.0
    """For each connection after its login, and for all connections together of a uid but root's."""
    requests_at_once: int = 400
    """In a burst, before `requests_per_second` holds."""
    login_seconds: float = 10.0
    """From the connection to the login's last message."""
    idle_seconds: float = 900.0
    """Without a request and without a WATCH, after the login."""
    stall_seconds: float = 30.0
    """How long a reader may take none of the output that waits for it."""
    unread_output: int = 4 * 1024 * 1024
    """Events beyond it are dropped, and the watcher is told to look anew."""
    watches: int = 4
    """Requests of one connection that go on after their OK."""
    connections: int = 4_096
    """All together, logged in or not, by TCP and on the unix socket."""
    connections_per_uid: int = 64
    """Of the unix socket, for each uid but root's."""
    strangers: int = 256
    """TCP connections that have not logged in; the oldest of them makes room for a newcomer."""
    strangers_per_address: int = 16
    """The same, of one IPv4 address or one IPv6 /64."""
    free_failures: int = 3
    """Failed logins of an address that cost it nothing."""
    penalty_seconds: float = 0.25
    """For the next failure; doubled by each further one."""
    longest_penalty_seconds: float = 4.0
    """No failure costs more."""
    forgive_seconds: float = 60.0
    """After so long without a failed login an address starts anew."""

    def allowance(self) -> Allowance:
        """A full allowance of requests."""
        return Allowance(per_second=self.requests_per_second, at_once=self.requests_at_once)


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Admission(Generic[Key]):
    """Who is connected without having logged in; `Key` names a connection."""

    def __init__(self, limits: Limits) -> None:
        """Nobody is there yet."""
        self._limits = limits
        self._strangers: dict[Key, str] = {}
        self._held: set[Key] = set()
        self._count: Counter[str] = Counter()
        self._failures: dict[str, _Failures] = {}

    def arrive(self, key: Key, address: str) -> Key | None:
        """A stranger connects; returns who has to go to make room, which may be itself."""
        self._strangers[key] = address
        self._count[address] += 1
        if self._count[address] > self._limits.strangers_per_address:
            crowded = address
        elif len(self._strangers) > self._limits.strangers:
            crowded = max(self._count, key=self._count.__getitem__)
        else:
            return None
        gone = next(
            (k for k, a in self._strangers.items() if a == crowded and k not in self._held), key
        )
        self.leave(gone)
        return gone

    def leave(self, key: Key) -> None:
        """The connection is gone, or has logged in."""
        address = self._strangers.pop(key, None)
        self._held.discard(key)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def decided(self, key: Key, address: str, *, accepted: bool, now: float) -> float:
        """A login was decided: seconds to wait before telling, whatever was decided.

        The wait is the same for a right and a wrong password, or it would tell them apart.
        """
        self._forgive(now)
        failures = self._failures.get(address)
        if not accepted:
            failures = self._failures.pop(address, None) or _Failures(0, now)
            failures.count += 1
            failures.last = now
            self._failures[address] = failures  # at the end: oldest first
        excess = (failures.count if failures else 0) - self._limits.free_failures
        if excess <= 0:
            return 0.0
        self._held.add(key)
        longest = self._limits.longest_penalty_seconds
        return min(longest, self._limits.penalty_seconds * 2.0 ** min(excess - 1, 16))

    def _forgive(self, now: float) -> None:
        before = now - self._limits.forgive_seconds
        while self._failures:
            address, oldest = next(iter(self._failures.items()))
            if oldest.last > before:
                break
            del self._failures[address]
