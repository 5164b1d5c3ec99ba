"""asyncio's TLS with small buffers, and with the truth about what the peer has not read yet.

`asyncio.sslproto.SSLProtocol` takes 256 KiB for every connection as long as it lives, which makes
10,000 idle ones cost 2.8 GB. Ours takes half of the largest TLS record, and OpenSSL puts the halves
together: an idle connection costs less than 40 kB. The event loop itself would make an SSLProtocol
behind `create_server(ssl=...)`; here the protocol factory makes ours, on a plain server. So a
connection is also refused before a handshake is paid for, and the inner protocol is paused by the
socket's buffer, into which SSLProtocol would put any amount without saying so.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from typing import Protocol

READ_BYTES = 8 * 1024
OUTPUT_BYTES = 64 * 1024
"""What is written ahead of a reader before the writer is paused."""
SHUTDOWN_SECONDS = 10


class Inner(Protocol):
    """The protocol inside, which is also told of what happens before the handshake is done."""

    def arrived(self, transport: asyncio.Transport) -> bool:
        """A connection was accepted: whether it may stay."""

    def left(self) -> None:
        """The connection is gone, however far it came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done."""

    def pause_writing(self) -> None:
        """The peer does not read what was written; may be said twice."""

    def resume_writing(self) -> None:
        """The peer has read most of it; may be said twice."""


class LeanTls(SSLProtocol):
    """The server's side of TLS on one connection."""

    max_size = READ_BYTES

    def __init__(self, inner: Inner, context: ssl.SSLContext, *, handshake_seconds: float) -> None:
        """`inner` gets its connection when the handshake is done."""
        super().__init__(
            asyncio.get_running_loop(),
            inner,  # type: ignore[arg-type]  # it is an asyncio.Protocol, which is not generic
            context,
            None,  # type: ignore[arg-type]  # nobody waits for the handshake
            server_side=True,
            ssl_handshake_timeout=handshake_seconds,  # type: ignore[arg-type]  # a float will do
            ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )
        self._inner = inner
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask whether the connection may stay before anything is spent on it."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("TLS needs a stream")
        transport.set_write_buffer_limits(high=OUTPUT_BYTES)
        if self._inner.arrived(transport):
            super().connection_made(transport)
        else:
            transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        self._inner.left()

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self._full = True
        super().pause_writing()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The socket takes more: what waits is encrypted and written first, and may fill it."""
        self._full = False
        super().resume_writing()
        if self._full:  # super has said that there is room, which is not so any more
            self._inner.pause_writing()
        else:
            self._inner.resume_writing()
