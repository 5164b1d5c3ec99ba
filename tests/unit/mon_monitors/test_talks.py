"""The checks expect, udp, smtp, dns and ping by the real monitor, against servers on loopback."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from lvsm.core.check import Check, CheckType, Record
from lvsm.core.check_spec import Target
from tests.unit.mon_monitors.servers import Talk, hang, monitor, serving

EXPECT = Check(type=CheckType.EXPECT, interval=0.5, timeout=1.5)
UDP = replace(EXPECT, type=CheckType.UDP)
SMTP = replace(EXPECT, type=CheckType.SMTP)
DNS = replace(EXPECT, type=CheckType.DNS, query="www.example.com", record=Record.AAAA)
Answer = Callable[[bytes], bytes | None]


def saying(*pieces: bytes, close: bool = True) -> Talk:
    """Say a piece for each one that is heard, the first without being asked."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if not await reader.read(1024):
                return
        if not close:
            await asyncio.sleep(3600)

    return talk


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram with what `answer` makes of it; None for silence."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # no subclass, only alike

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        answer = self._answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def datagrams(answers: Mapping[str, Answer]) -> AsyncIterator[tuple[Target, ...]]:
    """A UDP server for each label."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        targets = []
        for label, answer in answers.items():
            transport, _ = await loop.create_datagram_endpoint(
                lambda answer=answer: Datagrams(answer),  # type: ignore[misc]  # bound at once
                local_addr=("127.0.0.1", 0),
            )
            stack.callback(transport.close)
            port = transport.get_extra_info("sockname")[1]
            targets.append(Target(label=label, address="127.0.0.1", port=port))
        yield tuple(targets)


async def test_what_is_answered_has_to_match(tmp_path: Path) -> None:
    check = replace(EXPECT, send="PING\r\n", receive=r"^\+PONG", limit=1000)

    async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline() == b"PING\r\n":
            writer.write(b"+PO")
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(b"NG\r\n")
            await asyncio.sleep(3600)

    talks = {
        "good": redis,
        "hung": hang,
        "other": saying(b"-LOADING\r\n"),
        "too-much": saying(b"x" * 2000 + b"+PONG"),
        "nothing": saying(b""),
    }
    async with serving(talks) as targets:
        ended = await monitor(tmp_path, check, targets)
    assert ended.reasons == {
        "hung": "no answer within 1.5 s, waiting for an answer",
        "other": "the answer does not match",
        "too-much": "the first 1000 bytes of the answer do not match",
        "nothing": "it closed the connection without an answer",
    }


async def test_bytes_that_are_no_text_go_over_udp(tmp_path: Path) -> None:
    check = replace(UDP, send_hex="00ff10", receive=r"\x00\xfe$")
    answers: dict[str, Answer] = {
        "good": lambda data: b"\x00\xfe" if data == b"\x00\xff\x10" else b"?",
        "other": lambda _data: b"\x00\xfd",
        "silent": lambda _data: None,
    }
    nobody = Target(label="nobody", address="127.0.0.1", port=1)
    async with datagrams(answers) as targets:
        ended = await monitor(tmp_path, check, (*targets, nobody))
    assert ended.reasons == {
        "other": "the answer does not match",
        "silent": "no answer within 1.5 s, waiting for an answer",
        "nobody": "connection refused while waiting for an answer",
    }


async def test_smtp_greets_and_answers_to_ehlo(tmp_path: Path) -> None:
    greeting = b"220-mail.example.com\r\n220 ready\r\n"
    talks = {
        "good": saying(greeting, b"250-mail.example.com\r\n250 8BITMIME\r\n", close=False),
        "busy": saying(b"421 too busy\r\n"),
        "no-ehlo": saying(greeting, b"502 what?\r\n"),
        "web": saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "hung": hang,
    }
    async with serving(talks) as targets:
        ended = await monitor(tmp_path, SMTP, targets)
    assert ended.reasons == {
        "busy": "it says 421 too busy",
        "no-ehlo": "it says 502 what?",
        "web": "the answer is no SMTP",
        "hung": "no answer within 1.5 s, waiting for its greeting",
    }


def named(code: int, count: int) -> Answer:
    """A name server's answer with that code and so many records."""

    def answer(data: bytes) -> bytes | None:
        asked = data[12:]
        if asked != b"\x03www\x07example\x03com\x00\x00\x1c\x00\x01":
            return None
        return data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, count, 0, 0) + asked

    return answer


async def test_dns_has_to_have_the_record(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {
        "good": named(0, 1),
        "empty": named(0, 0),
        "broken": named(2, 0),
        "unknown": named(3, 0),
        "forger": lambda data: bytes([data[0] ^ 1]) + (named(0, 1)(data) or b"")[1:],
        "echo": lambda data: data,
        "junk": lambda _data: b"x",
    }
    silent = "no answer within 1.5 s, waiting for an answer"
    async with datagrams(answers) as targets:
        ended = await monitor(tmp_path, DNS, targets)
    assert ended.reasons == {
        "empty": "it has no such record",
        "broken": "it answers: server failure",
        "unknown": "it answers: no such name",
        "forger": silent,
        "echo": silent,
        "junk": silent,
    }


async def test_ping_is_answered_or_not_permitted_and_then_not_down(tmp_path: Path) -> None:
    here = Target(label="here", address="127.0.0.1", port=0)
    ended = await monitor(tmp_path, replace(EXPECT, type=CheckType.PING), (here,))
    permitted = "permission denied" not in ended.output.lower()
    assert ended.output == ("\n" if permitted else ended.output)
    assert ended.failed == (() if permitted else ("UNKNOWN", "here"))


async def test_a_reply_may_come_in_pieces(tmp_path: Path) -> None:
    def dribbling(size: int) -> Talk:
        whole = b"220 ready\r\n"

        async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for start in range(0, len(whole), size):
                writer.write(whole[start : start + size])
                await writer.drain()
                await asyncio.sleep(0.01)
            await reader.readline()
            writer.write(b"250 hello\r\n")
            await asyncio.sleep(3600)

        return dribble

    async with serving({f"by-{size}": dribbling(size) for size in (1, 7, 1000)}) as targets:
        ended = await monitor(tmp_path, SMTP, targets)
    assert ended.output == "\n"
