"""What rtnetlink tells of by itself: links, addresses, default routes and rules that changed.

Law: nothing is read from an event but that there was one. Whoever hears of it looks at the whole;
so a lost event (the receive buffer is full) is as good as one that came. Routes that are no default
ones are passed over, for a router has very many that come and go.

Needs no privilege. Source: rtnetlink(7), linux/rtnetlink.h.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import AsyncIterator, Iterator

from lvsm.adapters.netlink import HEADER

_NETLINK_ROUTE = 0
_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_GROUPS = {
    "link": 1,
    "ipv4 address": 5,
    "ipv4 route": 7,
    "ipv4 rule": 8,
    "ipv6 address": 9,
    "ipv6 route": 11,
    "ipv6 rule": 19,
}
_NEW_ROUTE, _DELETE_ROUTE = 24, 25
_RTMSG = struct.Struct("=BBBBBBBBI")
_READ = 1 << 16
_MOST_READS = 64
"""Buffers read at once; what is left counts as an event."""


class RouteEvents:
    """A socket that hears of changes in this network namespace."""

    def __init__(self) -> None:
        """Listen from now on; raises OSError."""
        self._socket = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
            _NETLINK_ROUTE,
        )
        self._socket.bind((0, 0))
        for group in _GROUPS.values():
            self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()

    def fileno(self) -> int:
        """For whoever waits until there is something to read."""
        return self._socket.fileno()

    def heard(self) -> bool:
        """Whether anything of interest happened since it was asked last; never waits."""
        found = False
        for _ in range(_MOST_READS):
            try:
                data = self._socket.recv(_READ)
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                found = True
            else:
                found = found or any(_matters(*message) for message in _messages(data))
        return True


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + HEADER.size <= len(data):
        length, kind, _, _, _ = HEADER.unpack_from(data, place)
        if length < HEADER.size:
            return
        yield kind, data[place + HEADER.size : place + length]
        place += (length + 3) & ~3


def _matters(kind: int, body: bytes) -> bool:
    if kind not in (_NEW_ROUTE, _DELETE_ROUTE) or len(body) < _RTMSG.size:
        return True
    destination_bits: int = _RTMSG.unpack_from(body)[1]
    return destination_bits == 0


async def changes(pace: float) -> AsyncIterator[None]:
    """Yields when something changed, at most every `pace` seconds; raises OSError."""
    events = RouteEvents()
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(events.fileno(), ready.set)
        while True:
            await ready.wait()
            if events.heard():
                yield
            loop.remove_reader(events.fileno())
            await asyncio.sleep(pace)
            ready.clear()
            loop.add_reader(events.fileno(), ready.set)
    finally:
        loop.remove_reader(events.fileno())
        events.close()
