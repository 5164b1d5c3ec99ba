"""A realserver's web server: one process, one page, whose body is the node's name and a newline.

Usage: httpd.py BODY     (it goes into the background once it listens on port 80)
"""

from __future__ import annotations

import os
import select
import sys
from _socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    SO_REUSEADDR,
    SOCK_STREAM,
    SOL_SOCKET,
)
from _socket import socket as Socket  # noqa: N812 - a class; `socket` itself costs 30 ms here

PORT = 80
BACKLOG = 1024
MAX_REQUEST = 1 << 16
END = b"\r\n\r\n"


class Server:
    """Every open connection, each with what it has said so far."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._listeners = {s.fileno(): s for s in (_listen(AF_INET), _listen(AF_INET6))}
        self._connections: dict[int, bytes] = {}
        self._poll = select.epoll()
        for fd in self._listeners:
            self._poll.register(fd, select.EPOLLIN)

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            for fd, _ in self._poll.poll():
                if fd in self._listeners:
                    self._accept(self._listeners[fd])
                elif not self._advance(fd):
                    del self._connections[fd]
                    os.close(fd)

    def _accept(self, listener: Socket) -> None:
        while True:
            try:
                fd, _ = listener._accept()  # type: ignore[attr-defined]  # as socket.accept does
            except OSError:
                return
            os.set_blocking(fd, False)
            self._connections[fd] = b""
            self._poll.register(fd, select.EPOLLIN)

    def _advance(self, fd: int) -> bool:
        """Answer what is complete; return whether the connection goes on."""
        try:
            data = os.read(fd, MAX_REQUEST)
        except OSError:
            return False
        request = self._connections[fd] + data
        goes_on = bool(data) and len(request) <= MAX_REQUEST
        while goes_on and END in request:
            head, _, request = request.partition(END)
            goes_on = _keeps_alive(head)
            try:
                os.write(fd, self._answer(head, goes_on=goes_on))
            except OSError:
                return False
        self._connections[fd] = request
        return goes_on

    def _answer(self, head: bytes, *, goes_on: bool) -> bytes:
        method = head.partition(b" ")[0]
        status = b"200 OK" if method in {b"GET", b"HEAD"} else b"405 Method Not Allowed"
        return (
            b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
            b"Connection: %s\r\n\r\n%s"
        ) % (
            status,
            len(self._body),
            b"keep-alive" if goes_on else b"close",
            b"" if method == b"HEAD" else self._body,
        )


def _keeps_alive(head: bytes) -> bool:
    lines = head.lower().split(b"\r\n")
    asked = [line.partition(b":")[2].strip() for line in lines if line.startswith(b"connection:")]
    if lines[0].endswith(b"http/1.0"):
        return b"keep-alive" in asked
    return lines[0].startswith((b"get ", b"head ")) and b"close" not in asked


def _listen(family: int) -> Socket:
    listener = Socket(family, SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    if family == AF_INET6:
        listener.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
    listener.bind(("0.0.0.0" if family == AF_INET else "::", PORT))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def main() -> None:
    """Listen, leave the caller, serve."""
    server = Server(sys.argv[1].encode() + b"\n")
    if os.fork():
        return
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    server.serve()


if __name__ == "__main__":
    main()
