"""A client of mon's server: one command a line, an answer that ends with a line of 2xx or 5xx.

mon(8), "CLIENT-SERVER PROTOCOL"; 127.0.0.1, TCP 2583. Law: every wait has an end, since a mon that
hangs still accepts connections.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress

from lvsm.core.errors import LvsmError
from lvsm.core.mon_cf import LOGIN, SERVICE

HOST = "127.0.0.1"
PORT = 2583
SECONDS = 10.0
"""mon does one thing at a time, and a reload with many services takes it a while."""
LONGEST_ANSWER = 4 * 1024 * 1024
_LAST = re.compile(rb"([25][0-9]{2}) (.*)")


class MonError(LvsmError):
    """mon does not do what it was asked."""

    code = "mon-refused"


class Mon:
    """Satisfies `daemon.ports.Mon`."""

    def __init__(self, host: str = HOST, port: int = PORT, seconds: float = SECONDS) -> None:
        """Nothing is connected yet."""
        self._address = (host, port)
        self._seconds = seconds

    async def descriptions(self) -> tuple[str, ...]:
        """A line for each service that mon watches; raises MonError."""
        (lines,) = await self._talk(("list descriptions", "mon-refused"))
        return lines

    async def reload(self, password: str, vips: Iterable[str]) -> None:
        """Test mon.cf and have mon read it, and who may do what, its states kept.

        mon would wait an interval before it checks the first time; `vips` are checked at once.
        """
        await self._talk(
            (f"login {LOGIN} {password}", "mon-login"),
            ("test config", "mon-refused"),
            ("reset keepstate", "mon-refused"),
            ("reload auth", "mon-login"),
            *((f"test monitor {vip} {SERVICE}", "mon-refused") for vip in vips),
        )

    async def _talk(self, *commands: tuple[str, str]) -> list[tuple[str, ...]]:
        """The answers to commands, each with the code of what it means to refuse it."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(self._seconds):
                reader, writer = await asyncio.open_connection(*self._address)
                return [await _ask(reader, writer, *command) for command in commands]
        except TimeoutError:
            raise MonError("mon does not answer", code="mon-silent") from None
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise MonError(f"mon does not answer: {error}", code="mon-silent") from error
        finally:
            if writer is not None:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str, code: str
) -> tuple[str, ...]:
    writer.write(command.encode() + b"\n")
    await writer.drain()
    lines: list[str] = []
    size = 0
    while True:
        line = (await reader.readuntil(b"\n")).rstrip(b"\r\n")
        size += len(line)
        if size > LONGEST_ANSWER:
            raise MonError("mon's answer has no end", code="mon-silent")
        last = _LAST.fullmatch(line)
        if last is None:
            lines.append(line.decode("utf-8", "replace"))
        elif last[1].startswith(b"2"):
            return tuple(lines)
        else:
            told = "; ".join([*lines, last[2].decode("utf-8", "replace")])
            raise MonError(f"mon says: {told[:300]}", code=code)
