"""The two ways in: TCP, where one has to log in, and the unix socket, where the kernel vouches."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import sys
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from lvsm.adapters.connection import Connection, Hub
from lvsm.adapters.lean_tls import OUTPUT_BYTES
from lvsm.core.session import Session

_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)

MakeSession = Callable[[asyncio.BaseTransport], Session]


class TcpConnection(Connection):
    """A connection that has to log in."""

    def __init__(self, hub: Hub, make_session: MakeSession) -> None:
        """TLS cannot be closed by halves."""
        super().__init__(hub, make_session=make_session, half_close=False)
        self._raw: asyncio.Transport | None = None

    def arrived(self, transport: asyncio.Transport) -> bool:
        """Find out where it comes from, before its handshake; whether it may stay."""
        self._transport = self._raw = transport
        for level, option, value in _OPTIONS:
            transport.get_extra_info("socket").setsockopt(level, option, value)
        self.address = counted_address(transport.get_extra_info("peername")[0])
        if not self._hub.enter(self):
            return False
        gone = self._hub.admission.arrive(self, self.address)
        if gone is not None and gone is not self:
            gone.abort()
        return gone is not self

    def left(self) -> None:
        """It is gone, perhaps before its handshake."""
        self._raw = None
        self._hub.forget(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done."""
        if isinstance(transport, asyncio.Transport):
            # LeanTls says when to pause, by what the socket takes
            transport.set_write_buffer_limits(high=sys.maxsize, low=0)
        super().connection_made(transport)

    def abort(self) -> None:
        """End the connection now, and TLS with it."""
        if self._raw is not None:
            self._raw.abort()

    def unread(self) -> int:
        """The bytes that were written and that the system has not taken yet."""
        raw = self._raw.get_write_buffer_size() if self._raw is not None else 0
        return raw + super().unread()


class UnixConnection(Connection):
    """A connection whose client the kernel has named."""

    def __init__(self, hub: Hub, make_session: MakeSession) -> None:
        """A client may say that it has nothing more to ask, and still read."""
        super().__init__(hub, make_session=make_session, half_close=True)
        self._poll: select.poll | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the kernel who is there."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is a stream")
        transport.set_write_buffer_limits(high=OUTPUT_BYTES)
        _, uid = peer_credentials(transport)
        self.address = f"uid:{uid}"
        if self._hub.enter_local(self, uid):
            super().connection_made(transport)
        else:
            transport.abort()

    def eof_received(self) -> bool:
        """It may have ended altogether as well: from now on, that is looked for."""
        if self._transport is not None:
            self._poll = select.poll()
            self._poll.register(self._transport.get_extra_info("socket"), 0)
        return super().eof_received()

    def tick(self, now: float) -> None:
        """As any connection; whoever reads no more either (POLLHUP, poll(2)) is gone."""
        if self._poll is not None and self._poll.poll(0):
            self.abort()
        else:
            super().tick(now)


def peer_credentials(transport: asyncio.BaseTransport) -> tuple[int, int]:
    """Process and user id of a unix socket's other end (SO_PEERCRED, unix(7))."""
    size = struct.calcsize("3i")
    raw = transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, uid, _ = struct.unpack("3i", raw)
    return pid, uid


def peer_name(transport: asyncio.BaseTransport) -> str:
    """Where a TCP connection comes from, as people write it."""
    host, port = transport.get_extra_info("peername")[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def counted_address(host: str) -> str:
    """The address by which a client is counted: of IPv6 the /64, which one host has to itself."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)
