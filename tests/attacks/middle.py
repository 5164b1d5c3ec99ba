"""A man in the middle: ends TLS with a certificate of his own, and passes everything on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lvsm.adapters.certificates import client_context, load_or_make, server_context
from lvsm.core.certificate import fingerprint
from tests.attacks.attacker import new_address


@dataclass(kw_only=True)
class Middle:
    """Where he waits, what he shows, and what he has read of what clients say."""

    port: int = 0
    fingerprint: str = ""
    heard: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def in_between(port: int, folder: Path) -> AsyncIterator[Middle]:
    """He waits for clients of the node on that port."""
    folder.mkdir()
    certificate = load_or_make(folder, "dir1")
    context = server_context(certificate.path)
    found = Middle(fingerprint=fingerprint(certificate.der))

    async def copy(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                kept += data
                sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(
            "127.0.0.1",
            port,
            ssl=client_context(),
            server_hostname="",
            local_addr=(new_address(), 0),
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(copy(reader, back, found.heard))
                group.create_task(copy(onward, writer, bytearray()))
        finally:
            for one in (writer, back):
                with contextlib.suppress(AttributeError):  # asyncio's, of TLS that has ended
                    one.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await asyncio.sleep(0.05)
