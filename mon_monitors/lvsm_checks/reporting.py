"""Telling plvsd: results gathered for a moment, and sent as one request over its unix socket.

Law: no check ever waits for plvsd. One request is under way at a time; what comes meanwhile is
kept, the newest `MOST_KEPT` results, and goes with the next one. A plvsd that is not there costs
nothing but its hearing: it is tried again with the next results.
"""

from __future__ import annotations

import errno
import select
from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM
from _socket import socket as Socket  # noqa: N812  a class; `socket` itself costs 8 ms
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec

PATH = "/run/lvsm/plvsd.sock"
GATHER_SECONDS = 0.03
"""How long results wait for others, so that a round is one request and not a thousand."""
ANSWER_SECONDS = 3.0
MOST_KEPT = 20_000
CHUNK = 65_536
REFUSALS = (b"ERR unknown-check ", b"ERR bad-report ", b"ERR forbidden ")
"""Answers that will not change: a run that goes on would tell nobody."""


class Reporter:
    """Sends results; `refused` says why plvsd wants none of them."""

    def __init__(
        self,
        spec: Spec,
        epoll: select.epoll,
        others: dict[int, Callable[[int], None]],
        path: str = PATH,
    ) -> None:
        self._head = f"HEALTH REPORT {spec.vip} check={spec.stamp}"
        self._epoll = epoll
        self._others = others
        self._path = path
        self._lines: list[str] = []
        self._since = 0.0
        self._socket: Socket | None = None
        self._unsent = b""
        self._answer = b""
        self._began = 0.0
        self.refused = ""

    def add(self, label: str, word: str, reason: str) -> None:
        """Keep a result to be told soon."""
        if not self._lines:
            self._since = monotonic()
        self._lines.append(f"{label} {word} {reason}\n" if reason else f"{label} {word}\n")
        if len(self._lines) > MOST_KEPT:
            del self._lines[: MOST_KEPT // 2]

    def flush(self, now: float, *, at_once: bool = False) -> float:
        """Send what has waited long enough; for how long nothing is to be done here."""
        if self._socket is not None:
            if now - self._began > ANSWER_SECONDS:
                self._close()
            return ANSWER_SECONDS
        if not self._lines:
            return ANSWER_SECONDS
        left = self._since + GATHER_SECONDS - now
        if left > 0 and not at_once:
            return left
        self._send(now)
        return ANSWER_SECONDS

    @property
    def busy(self) -> bool:
        """Whether something is still to be told."""
        return self._socket is not None or bool(self._lines)

    def _send(self, now: float) -> None:
        body = "".join(self._lines).encode("utf-8", "replace")
        self._lines.clear()
        sock = Socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
        if sock.connect_ex(self._path):
            sock.close()
            return
        self._unsent = b"%s bytes=%d\n%sQUIT\n" % (self._head.encode(), len(body), body)
        self._socket, self._began, self._answer = sock, now, b""
        self._epoll.register(sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
        self._others[sock.fileno()] = self._serve

    def _serve(self, events: int) -> None:
        sock = self._socket
        if sock is None:
            return
        try:
            if self._unsent and events & select.EPOLLOUT:
                self._unsent = self._unsent[sock.send(self._unsent) :]
                if not self._unsent:
                    self._epoll.modify(sock.fileno(), select.EPOLLIN)
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._read(sock)
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.EINTR):
                self._close()

    def _read(self, sock: Socket) -> None:
        data = sock.recv(CHUNK)
        self._answer = (self._answer + data)[-CHUNK:]
        if data:
            return
        for line in self._answer.split(b"\n"):
            if line.startswith(REFUSALS):
                self.refused = line.decode("utf-8", "replace")
        self._close()

    def _close(self) -> None:
        if self._socket is not None:
            self._others.pop(self._socket.fileno(), None)
            self._socket.close()
            self._socket = None
        self._unsent = b""
