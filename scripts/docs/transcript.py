"""Conversations with a real node: what the client says is written by hand, the answers are not.

Each line of a transcript begins with `C: ` or `S: `. A new answer takes the place of the old one;
only what differs from one run to the next (times, hashes, ports, the login's base64) is shown by an
example of its kind.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby

from lvsm.adapters.certificates import client_context
from lvsm.core import scram
from lvsm.core.certificate import end_point_hash
from scripts.docs.node import PASSWORD, Node

FIRST, FINAL = "<client-first>", "<client-final>"
SERVER_FIRST, SERVER_FINAL = "<server-first>", "<server-final>"
NONCE = "the-nonce-of-the-documentation"
SECONDS = 100.0
LONGEST = 1 << 20

EXAMPLES: Sequence[tuple[str, str]] = (
    (r'"(at|saved_at)":\d+(\.\d+)?', r'"\1":1764064800.0'),
    (r'"time":"[^"]+"', '"time":"2025-11-25T10:00:00.000Z"'),
    (r'"hash":"[0-9a-f]+"', '"hash":"5f0c2a9b…"'),
    (r'"origin":"127\.0\.0\.1:\d+"', '"origin":"192.0.2.99:40112"'),
    (r'"origin":"unix:uid=\d+,pid=\d+"', '"origin":"unix:uid=0,pid=4711"'),
    (r"\d+ s ago", "12 s ago"),
)
"""What differs from one run to the next, and what is shown in its place."""


class TranscriptError(Exception):
    """A conversation that cannot be had."""


async def tls(node: Node, transcript: str) -> str:
    """The transcript with the node's present answers, by TCP."""
    async with _connected(asyncio.open_connection(
        "127.0.0.1", node.port, ssl=client_context(), server_hostname="", limit=LONGEST
    )) as talk:  # fmt: skip
        return await talk.have(transcript)


async def unix(node: Node, transcript: str) -> str:
    """The same on the unix socket."""
    async with _connected(asyncio.open_unix_connection(str(node.socket), limit=LONGEST)) as talk:
        return await talk.have(transcript)


class _Talk:
    """One conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._login: scram.Client | None = None
        self._challenge = b""

    async def have(self, transcript: str) -> str:
        """Say what the client says; the whole with the answers that came."""
        lines = []
        for said, answered in _turns(transcript):
            lines += [f"C: {line}".rstrip(" ") for line in said]
            events = sum(line.startswith("! ") for line in answered)
            lines += [f"S: {line}" for line in await self._turn(said, events)]
        return "\n".join(lines)

    async def _turn(self, said: Sequence[str], events: int) -> list[str]:
        for line in said:
            self._writer.write(self._meant(line).encode("utf-8") + b"\n")
        found = [await self._line()]
        while found[-1].startswith(("* ", f"+ {SERVER_FINAL}")):
            found.append(await self._line())
        return found + [await self._line() for _ in range(events)]

    def _meant(self, line: str) -> str:
        """A line as it is sent."""
        if FIRST in line:
            self._login = scram.Client(
                user="admin", password=PASSWORD, nonce=NONCE, binding=self._binding()
            )
            return line.replace(FIRST, _base64(self._login.first()))
        if line == FINAL and self._login is not None:
            return _base64(self._login.final(self._challenge))
        return line

    async def _line(self) -> str:
        async with asyncio.timeout(SECONDS):
            line = (await self._reader.readline()).decode("utf-8").rstrip("\r\n")
        if not line:
            raise TranscriptError("the node ended the connection")
        if line.startswith("+ "):
            return self._step(b64decode(line[2:]))
        for pattern, example in EXAMPLES:
            line = re.sub(pattern, example, line)
        return line

    def _step(self, data: bytes) -> str:
        """A step of the login, which is held against what it must be."""
        if self._login is None:
            raise TranscriptError("nobody logs in")
        if self._challenge:
            self._login.verify(data)
            return f"+ {SERVER_FINAL}"
        self._challenge = data
        return f"+ {SERVER_FIRST}"

    def _binding(self) -> bytes:
        der: bytes = self._writer.get_extra_info("ssl_object").getpeercert(True)
        return end_point_hash(der)


@asynccontextmanager
async def _connected(
    connecting: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
) -> AsyncIterator[_Talk]:
    reader, writer = await connecting
    try:
        yield _Talk(reader, writer)
    finally:
        writer.transport.abort()


def _turns(transcript: str) -> Iterator[tuple[list[str], list[str]]]:
    """What the client says and what was answered, again and again; the greeting answers nothing."""
    said: list[str] = []
    marked = [(line[:1], line[3:]) for line in transcript.splitlines() if line]
    for mark, lines in groupby(marked, key=lambda line: line[0]):
        texts = [text for _, text in lines]
        if mark == "C":
            said = texts
        else:
            yield said, texts
            said = []
    if said:
        yield said, []


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
