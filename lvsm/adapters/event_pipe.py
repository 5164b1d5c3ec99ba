"""The named pipe into which heartbeat's scripts write what they have to say and leave.

Law: a writer never waits. A shell writes a line of less than PIPE_BUF bytes to a pipe, which is
atomic (pipe(7)), without starting another program, so nothing but heartbeat itself stands between a
death and plvsd hearing of it. plvsd holds both ends: the pipe outlives its writers, and a line
waits in it while plvsd is busy. With plvsd dead lines are lost, which costs nothing: it asks
heartbeat how things are when it starts.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

log = logging.getLogger(__name__)

LONGEST_LINE = 1024
ROOM = 1024 * 1024
"""Bytes that wait for a plvsd that hangs, some 20,000 lines; more is not allowed to most users."""


def make(path: Path) -> int:
    """Make the pipe, writable by root alone, and open it for the worker; raises OSError."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    os.mkfifo(new, mode=0o600)
    pipe = os.open(new, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, ROOM)
    new.rename(path)  # in the place of an earlier one, of which no script may make a plain file
    return pipe


async def lines(pipe: int) -> AsyncIterator[str]:
    """The lines that are written to the open pipe, for ever; what is none is logged and dropped."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
    )
    try:
        while True:
            try:
                line = (await reader.readline()).decode("ascii").rstrip("\n")
            except ValueError:
                log.warning("a line in heartbeat's pipe is too long or no text: dropped")
            else:
                yield line
    finally:
        transport.close()
