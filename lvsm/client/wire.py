"""A connection on the running loop, as the asyncio variant's flows hold it."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

from lvsm.adapters.certificates import client_context
from lvsm.client import resolving
from lvsm.client.effects import Place

_CHUNK = 256 * 1024
_ENOUGH = 1024 * 1024
"""What is read ahead of whoever takes it."""


class Wire(asyncio.Protocol):
    """Bytes in both directions; what came before the end can be read after it."""

    def __init__(self) -> None:
        """Made by `open`."""
        self.certificate = b""
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._full = False
        self._changed = asyncio.Event()

    @classmethod
    async def open(cls, place: Place | str) -> Self:
        """Connect, with TLS unless it is a path; raises OSError."""
        loop = asyncio.get_running_loop()
        if isinstance(place, str):
            _, wire = await loop.create_unix_connection(cls, place)
            return wire
        sock = socket.socket(place.family)
        try:
            sock.setblocking(False)
            for level, option, value in resolving.KEEPALIVE:
                sock.setsockopt(level, option, value)
            await loop.sock_connect(sock, place.address)
            _, wire = await loop.create_connection(
                cls, sock=sock, ssl=client_context(), server_hostname=""
            )
        except BaseException:
            sock.close()
            raise
        return wire

    async def send(self, data: bytes) -> None:
        """Send all of it, or have it wait in a short buffer; raises OSError."""
        if self._transport is None or self._ended:
            raise ConnectionResetError("the connection is closed")
        self._transport.write(data)
        while self._full and not self._ended:
            await self._change()
        if self._ended:
            raise ConnectionResetError("the connection ended while something was sent")

    async def receive(self) -> bytes:
        """What comes next, nothing at the end; raises OSError."""
        while (data := self.take()) is None:
            await self._change()
        return data

    def take(self) -> bytes | None:
        """What is there, nothing at the end, None when something may come; raises OSError."""
        if self._buffer:
            data = bytes(self._buffer[:_CHUNK])
            del self._buffer[:_CHUNK]
            self._pace()
            return data
        if self._error is not None:
            raise ConnectionResetError(str(self._error)) from self._error
        return b"" if self._ended else None

    def close(self) -> None:
        """End it now."""
        self._ended = True
        self._changed.set()
        if self._transport is not None:
            self._transport.abort()

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands, and TLS with it."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is a stream")
        self._transport = transport
        tls = transport.get_extra_info("ssl_object")
        self.certificate = b"" if tls is None else tls.getpeercert(True) or b""

    def data_received(self, data: bytes) -> None:
        """Something came."""
        self._buffer += data
        self._pace()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._ended, self._error = True, exc
        self._changed.set()

    def pause_writing(self) -> None:
        """The node does not read."""
        self._full = True

    def resume_writing(self) -> None:
        """The node reads again."""
        self._full = False
        self._changed.set()

    # inside

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _pace(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if len(self._buffer) > _ENOUGH:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
