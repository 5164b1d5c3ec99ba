"""Realservers of every behaviour, on loopback, and one run of the monitor against them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lvsm.core import check_spec
from lvsm.core.check import Check
from lvsm.core.check_spec import Spec, Target

MONITORS = Path(__file__).resolve().parents[3] / "mon_monitors"
RUN_SECONDS = 4.0
DRIVER = f"""
import sys
sys.path.insert(0, {str(MONITORS)!r})
sys.dont_write_bytecode = True
from lvsm_checks.run import check
status, output = check(sys.argv[3:], sys.argv[1], sys.argv[2])
sys.stdout.write(output)
sys.exit(status)
"""

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What mon would have seen."""

    status: int
    failed: tuple[str, ...]
    reasons: Mapping[str, str]
    output: str


def answering(answer: bytes, *, pause: float = 0.0) -> Talk:
    """Read a request's head, wait, say this, and close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(pause)
        writer.write(answer)
        await writer.drain()

    return talk


def page(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    """An answer of HTTP/1.1 with a length."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""])
    return head.encode() + body


def in_chunks(*chunks: bytes) -> bytes:
    """An answer whose body comes in chunks."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept, and say nothing."""
    await asyncio.sleep(3600)


async def never_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 4096)
        await writer.drain()


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A good answer, but a byte a second."""
    for byte in page(b"ready"):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


@asynccontextmanager
async def serving(
    talks: Mapping[str, Talk], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[Target, ...]]:
    """A server for each label; what is to be checked of it."""

    async def guarded(
        talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def accepting(talk: Talk) -> Callable[..., Awaitable[None]]:
        return lambda reader, writer: guarded(talk, reader, writer)

    async with AsyncExitStack() as stack:
        targets = []
        for label, talk in talks.items():
            server = await asyncio.start_server(accepting(talk), host, 0, ssl=tls)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            targets.append(Target(label=label, address=host, port=port))
        yield tuple(targets)


async def monitor(
    folder: Path,
    check: Check,
    targets: tuple[Target, ...],
    *asked: str,
    host: str = "www.example.com",
    plvsd: Path | None = None,
    run: float = RUN_SECONDS,
) -> Ended:
    """One run of the monitor, shorter than plvsd has it."""
    spec = Spec(vip="web", check=replace(check), host=host, targets=targets)
    text = check_spec.render(spec).replace(f"run {spec.run_seconds}", f"run {run}")
    (folder / "web").write_text(text)
    process = await asyncio.create_subprocess_exec(
        "/usr/bin/python3", "-ISE", "-c", DRIVER, str(folder), str(plvsd or folder / "none"),
        "web", *asked,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    output = said.decode()
    first, *rest = output.split("\n")
    reasons = dict(line.split(": ", 1) for line in rest if ": " in line)
    return Ended(
        status=process.returncode or 0,
        failed=tuple(first.split()),
        reasons=reasons,
        output=output,
    )
