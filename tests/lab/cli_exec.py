"""`lab exec`: join this process's standard streams to a command in a node."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence

from tests.lab import frames
from tests.lab.cli import UsageError
from tests.lab.errors import LabError
from tests.lab.wire import Connection

NOT_FOUND = 127
SIGNALLED = 128
_TARGETS = {frames.OUT: 1, frames.ERR: 2}


def run(state: str, words: Sequence[str]) -> int:
    """Run `[-i] NODE -- CMD...`; return the command's exit status."""
    words = list(words)
    interactive = words[:1] == ["-i"]
    if interactive:
        words.pop(0)
    if len(words) < 3 or words[1] != "--":
        raise UsageError("exec [-i] NODE -- CMD...")
    connection = Connection(state)
    connection.run(words[0], words[2:], None)
    if not interactive:
        connection.send(frames.STDIN_END)
    return _Session(connection, reads_stdin=interactive).run()


class _Session:
    def __init__(self, connection: Connection, *, reads_stdin: bool) -> None:
        self._connection = connection
        self._reads_stdin = reads_stdin
        self._window = frames.WINDOW
        self._status: int | None = None

    def run(self) -> int:
        """Carry bytes both ways until the command has ended."""
        while self._status is None:
            if self._connection.has_frame():
                self._take(self._connection.receive())
                continue
            ready = select.select(self._sources(), [], [])[0]
            if self._connection in ready:
                self._take(self._connection.receive())
            elif ready:
                self._read_stdin()
        return self._status

    def _sources(self) -> list[Connection | int]:
        return [self._connection, 0] if self._reads_stdin and self._window else [self._connection]

    def _read_stdin(self) -> None:
        data = os.read(0, min(self._window, frames.MAX_PAYLOAD))
        self._window -= len(data)
        self._reads_stdin = bool(data)
        self._connection.send(frames.STDIN if data else frames.STDIN_END, data)

    def _take(self, frame: frames.Frame) -> None:
        if frame.kind in _TARGETS:
            _write(_TARGETS[frame.kind], frame.payload)
            self._connection.acknowledge(frame)
        elif frame.kind == frames.ACK:
            self._window += frames.parse_number(frame.payload)
        elif frame.kind == frames.EXIT:
            status = frames.parse_number(frame.payload)
            self._status = status if status >= 0 else SIGNALLED - status
        elif frame.kind == frames.FAILED:
            _write(2, b"lab: the node cannot run it: " + frame.payload + b"\n")
            self._status = NOT_FOUND
        elif frame.kind == frames.REFUSED:
            raise LabError(frame.payload.decode(errors="replace"))


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
