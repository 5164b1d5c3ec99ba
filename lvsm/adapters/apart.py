"""Work that would hold the event loop for long, done in processes of their own.

A thread would not do: it gives way only every 5 ms, and never inside a search through a large text
or while the garbage collector looks at all that was read. The processes are forked by one that was
started with the worker and has everything imported (`apart_process`), so each costs some ms.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Self

import lvsm
from lvsm.adapters.apart_process import CPU_SECONDS, END, LENGTH
from lvsm.core.errors import LvsmError

log = logging.getLogger(__name__)
_ROOT = Path(lvsm.__file__).parents[1]
_START = """\
import socket, sys
sys.path.insert(0, sys.argv[1])
from lvsm.adapters.apart_process import main
main(socket.socket(fileno=0), *sys.argv[2:])
"""
_PIECE = 256 * 1024


class TooCostlyError(LvsmError):
    """A piece of work was ended before it had an answer."""

    code = "too-costly"


class Apart:
    """Asks a function of a module, each time in a process of its own."""

    def __init__(self, module: str, function: str) -> None:
        """The function takes frames and yields frames; nothing runs before `async with`."""
        self._command = [sys.executable, "-I", "-c", _START, str(_ROOT), module, function]
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Start what forks."""
        self._start()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End it; whatever still works for somebody ends as well."""
        self._end()
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)

    @property
    def pid(self) -> int | None:
        """The process that forks."""
        return None if self._process is None else self._process.pid

    async def ask(self, *question: bytes) -> AsyncGenerator[bytes, None]:
        """The frames of the answer; the loop has a turn before each.

        Raises TooCostlyError when the process ended before its answer did, OSError when none can
        be had. Whoever closes the generator early ends the work.
        """
        loop = asyncio.get_running_loop()
        mine, theirs = socket.socketpair()
        with mine:
            with theirs:
                self._hand_over(theirs)
            mine.setblocking(False)
            try:
                for frame in question:
                    await loop.sock_sendall(mine, LENGTH.pack(len(frame)))
                    await loop.sock_sendall(mine, frame)
                await loop.sock_sendall(mine, END)
                while (header := await _exactly(mine, LENGTH.size)) != END:
                    yield await _exactly(mine, *LENGTH.unpack(header))
                    await asyncio.sleep(0)
            except (ConnectionError, EOFError) as error:
                raise TooCostlyError(
                    f"this took more than {CPU_SECONDS} s of processor time, or more memory than"
                    " there is, and was given up"
                ) from error

    def _hand_over(self, theirs: socket.socket) -> None:
        """Give the other end to a new process; what forks is started again if it has ended."""
        for last in (False, True):
            control = self._control or self._start()
            try:
                socket.send_fds(control, [b"."], [theirs.fileno()])
            except ConnectionError:
                log.warning("the process that forks has ended: it is started again")
                self._end()
                if last:
                    raise
            else:
                return

    def _start(self) -> socket.socket:
        if self._process is not None:
            self._process.poll()  # or it would stay a zombie
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                self._command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL
            )
        return self._control

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None


async def _exactly(mine: socket.socket, length: int) -> bytes:
    data = bytearray()
    loop = asyncio.get_running_loop()
    while len(data) < length:
        piece = await loop.sock_recv(mine, min(_PIECE, length - len(data)))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
