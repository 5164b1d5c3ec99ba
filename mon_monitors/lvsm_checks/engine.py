"""All realservers of a virtual service checked at once: rounds of probes over one epoll.

Law: a realserver that hangs costs the others nothing. A round begins every `interval`, with those
whose last probe has ended; each result is told as it comes, and each probe has its own deadline.
The time between two rounds counts from their beginnings.
"""

from __future__ import annotations

import errno
import posix
import select
from _socket import (
    AF_INET,
    AF_INET6,
    SO_ERROR,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOL_SOCKET,
)
from _socket import socket as Socket  # noqa: N812  a class; `socket` itself costs 8 ms
from time import monotonic

from lvsm_checks.probe import UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.probe import Probe
    from lvsm_checks.spec import Spec, Target

    Found = Callable[[Target, str | None, str], None]
    """Told each result: its target, the outcome (None for one that could not be checked), why."""

CHUNK = 65_536
OURS = frozenset({
    errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN,
    errno.EACCES, errno.EPERM,
})  # fmt: skip
"""What is this machine's fault: a check that fails by it says nothing of the realserver."""


class Attempt:
    """One probe of one realserver under way."""

    __slots__ = ("connecting", "deadline", "probe", "socket", "target", "unsent")

    def __init__(self, target: Target, probe: Probe, sock: Socket, deadline: float) -> None:
        self.target = target
        self.probe = probe
        self.socket = sock
        self.deadline = deadline
        self.connecting = True
        self.unsent = b""


class Engine:
    """Checks targets for one run; `found` is told every result."""

    def __init__(
        self, spec: Spec, make: Callable[[Target], Probe], found: Found, most_open: int
    ) -> None:
        self._spec = spec
        self._make = make
        self._found = found
        self._most_open = most_open
        self.epoll = select.epoll()
        self._attempts: dict[int, Attempt] = {}
        self._busy: set[str] = set()
        self._waiting: list[Target] = []  # the next one is the last
        self.others: dict[int, Callable[[int], None]] = {}
        """Descriptors in `epoll` that are no probe's, with what is called when they are ready."""

    def run(self, targets: list[Target], until: float, idle: Callable[[float], float]) -> None:
        """Begin rounds until then (monotonic seconds), and end what is under way by then.

        `idle(now)` is called before each wait, and says how long it may be; below 0 ends the run.
        """
        due = monotonic()
        while True:
            now = monotonic()
            if now >= due and due < until:
                self._begin_round(targets)
                due += self._spec.interval
            self._begin_waiting()
            self._end_overdue()
            last = due >= until
            if last and not self._attempts and not self._waiting:
                break
            now = monotonic()
            if now >= until:
                break
            pause = idle(now)
            if pause < 0:
                break
            wake = min(until, self._first_deadline(), until if last else due)
            self._serve(max(0.0, min(wake - now, pause)))
        for attempt in list(self._attempts.values()):
            self._forget(attempt)

    def wait(self, seconds: float) -> None:
        """Serve the other descriptors only, for so long at most."""
        self._serve(seconds)

    def _begin_round(self, targets: list[Target]) -> None:
        free = [target for target in targets if target.label not in self._busy]
        self._busy.update(target.label for target in free)
        self._waiting = [*reversed(free), *self._waiting]

    def _begin_waiting(self) -> None:
        while self._waiting and len(self._attempts) < self._most_open:
            self._begin(self._waiting.pop())

    def _begin(self, target: Target) -> None:
        six = ":" in target.address
        try:
            probe = self._make(target)
            kind, *protocols = probe.kind
            sock = Socket(
                AF_INET6 if six else AF_INET,
                kind | SOCK_NONBLOCK | SOCK_CLOEXEC,
                protocols[six],
            )
            attempt = Attempt(target, probe, sock, monotonic() + self._spec.timeout)
            error = sock.connect_ex((target.address, target.port))
        except (OSError, ValueError) as problem:
            self._busy.discard(target.label)
            self._found(target, None, str(problem))
            return
        self._attempts[sock.fileno()] = attempt
        if error not in (0, errno.EINPROGRESS):
            self._fail(attempt, error)
            return
        self.epoll.register(sock.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _serve(self, seconds: float) -> None:
        for fd, events in self.epoll.poll(seconds):
            attempt = self._attempts.get(fd)
            if attempt is not None:
                self._advance(attempt, events)
            elif fd in self.others:
                self.others[fd](events)

    def _advance(self, attempt: Attempt, events: int) -> None:
        try:
            if attempt.connecting:
                self._connected(attempt)
            elif events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._read(attempt)
            self._write(attempt)
        except BlockingIOError:
            pass
        except OSError as problem:
            self._fail(attempt, problem.errno or 0)
            return
        if attempt.probe.outcome is not None:
            self._finish(attempt)

    def _connected(self, attempt: Attempt) -> None:
        error = attempt.socket.getsockopt(SOL_SOCKET, SO_ERROR)
        if error:
            raise OSError(error, posix.strerror(error))
        attempt.connecting = False
        attempt.unsent = attempt.probe.connected()

    def _read(self, attempt: Attempt) -> None:
        data = attempt.socket.recv(CHUNK)
        if data:
            attempt.unsent += attempt.probe.received(data)
        else:
            attempt.probe.ended()

    def _write(self, attempt: Attempt) -> None:
        if attempt.probe.outcome is not None:
            return
        if attempt.unsent:
            sent = attempt.socket.send(attempt.unsent)
            attempt.unsent = attempt.unsent[sent:]
        wanted = select.EPOLLIN | (select.EPOLLOUT if attempt.unsent else 0)
        self.epoll.modify(attempt.socket.fileno(), wanted)

    def _fail(self, attempt: Attempt, error: int) -> None:
        """The kernel says no: what it says is the reason, if it is about the realserver."""
        why = posix.strerror(error).lower()
        self._forget(attempt)
        if error in OURS:
            self._found(attempt.target, None, why)
        else:
            doing = "" if attempt.connecting else f" while {attempt.probe.doing}"
            self._found(attempt.target, f"{why}{doing}", "")

    def _end_overdue(self) -> None:
        """End the probes whose time is up; the oldest stand first."""
        now = monotonic()
        while self._attempts:
            attempt = next(iter(self._attempts.values()))
            if attempt.deadline > now:
                return
            doing = attempt.probe.doing
            attempt.probe.outcome = f"no answer within {self._spec.timeout:g} s, {doing}"
            self._finish(attempt)

    def _first_deadline(self) -> float:
        first = next(iter(self._attempts.values()), None)
        return first.deadline if first is not None else float("inf")

    def _finish(self, attempt: Attempt) -> None:
        outcome = attempt.probe.outcome
        self._forget(attempt)
        self._found(attempt.target, UP if outcome is None else outcome, "")

    def _forget(self, attempt: Attempt) -> None:
        self._attempts.pop(attempt.socket.fileno(), None)
        self._busy.discard(attempt.target.label)
        attempt.socket.close()
