"""From a host's name to the places where it is.

The system's resolver knows no deadline, so it runs in a thread that nobody waits for when it is
late. An address that is none to be looked up costs no thread.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from lvsm.client.effects import Place

Done = Callable[[list[Place] | OSError], None]


def known(host: str, port: int) -> list[Place] | None:
    """The place of a numeric address, None for a name."""
    try:
        return _places(host, port, socket.AI_NUMERICHOST)
    except OSError:
        return None


def look_up(host: str, port: int, done: Done) -> None:
    """Have a name looked up; `done` is called in another thread."""
    from threading import Thread

    def work() -> None:
        try:
            done(_places(host, port))
        except OSError as error:
            done(error)

    Thread(target=work, name=f"look up {host}", daemon=True).start()


def _places(host: str, port: int, flags: int = 0) -> list[Place]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError as error:  # no name of a host, as `a..b`
        raise socket.gaierror(socket.EAI_NONAME, "that is no name of a host") from error
    return [Place(family, address) for family, _, _, _, address in found]


KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
"""Options of a connection by TCP, as the server sets them too."""
