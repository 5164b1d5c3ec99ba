"""A command that runs in a node, seen from a program on the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests.lab import frames
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from types import TracebackType

    from tests.lab.wire import Connection

NOT_FOUND = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a command ended; a negative status is the signal that killed it."""

    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Both outputs, for people."""
        return (self.out + self.err).decode(errors="replace").strip()


class Process:
    """A running command. What it writes is taken whenever one of these methods waits.

    Between calls at most a window (256 kB) of output is on its way; then the command waits.
    """

    def __init__(self, connection: Connection) -> None:
        self.status: int | None = None
        self.out = bytearray()
        self.err = bytearray()
        self._connection = connection
        self._window = frames.WINDOW
        self._lines = {frames.OUT: 0, frames.ERR: 0}  # how far lines have been read

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; a command that still runs is killed."""
        self._connection.close()

    def write(self, data: bytes, timeout: float = 30) -> None:
        """Write to its stdin."""
        end = time.monotonic() + timeout
        for chunk in frames.chunks(data):
            while self._window < len(chunk) and self.status is None:
                self._take(end)
            if self.status is not None:
                return
            self._window -= len(chunk)
            self._connection.send(frames.STDIN, chunk)

    def close_stdin(self) -> None:
        """End its stdin."""
        self._connection.send(frames.STDIN_END)

    def signal(self, number: int) -> None:
        """Send a signal to its process group."""
        self._connection.send(frames.SIGNAL, frames.number(number))

    def read_line(self, timeout: float = 30) -> bytes:
        """Return the next line of its stdout, or b"" at the end."""
        return self._read_line(frames.OUT, self.out, timeout)

    def read_error_line(self, timeout: float = 30) -> bytes:
        """Return the next line of its stderr, or b"" at the end."""
        return self._read_line(frames.ERR, self.err, timeout)

    def wait(self, timeout: float = 30) -> Result:
        """Wait until it ends; everything it wrote is in the result."""
        end = time.monotonic() + timeout
        while self.status is None:
            self._take(end)
        return Result(status=self.status, out=bytes(self.out), err=bytes(self.err))

    def communicate(self, data: bytes = b"", timeout: float = 30) -> Result:
        """Give it all its stdin, and wait until it ends."""
        end = time.monotonic() + timeout
        self.write(data, timeout)
        if self.status is None:
            self.close_stdin()
        return self.wait(max(0.0, end - time.monotonic()))

    def _read_line(self, kind: int, buffer: bytearray, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        start = self._lines[kind]
        while (newline := buffer.find(b"\n", start)) < 0 and self.status is None:
            self._take(end)
        stop = newline + 1 if newline >= 0 else len(buffer)
        self._lines[kind] = stop
        return bytes(buffer[start:stop])

    def _take(self, end: float) -> None:
        """Take one frame."""
        left = end - time.monotonic()
        try:
            frame = self._connection.receive(max(left, 0.001))
        except TimeoutError:
            said = (self.out + self.err)[-500:].decode(errors="replace")
            raise LabError(f"it did not end in time; it said: {said}") from None
        if frame.kind == frames.OUT:
            self.out += frame.payload
            self._connection.acknowledge(frame)
        elif frame.kind == frames.ERR:
            self.err += frame.payload
            self._connection.acknowledge(frame)
        elif frame.kind == frames.ACK:
            self._window += frames.parse_number(frame.payload)
        elif frame.kind == frames.EXIT:
            self.status = frames.parse_number(frame.payload)
        elif frame.kind == frames.FAILED:
            self.err += frame.payload + b"\n"
            self.status = NOT_FOUND
        elif frame.kind == frames.REFUSED:
            raise LabError(frame.payload.decode(errors="replace"))
