"""Bytes into lines and literals, without I/O (DESIGN 7).

Law: how the bytes were cut into chunks never changes what comes out. Events are pulled, one at a
time, because the line just read decides what the next bytes are: another line, or a literal.
The buffer holds at most one line or literal of the allowed size and the last chunk fed.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from lvsm.core.errors import LvsmError

LINE_BEFORE_LOGIN = 8 * 1024
LINE_AFTER_LOGIN = 64 * 1024
LITERAL = 16 * 1024 * 1024
PEER_LITERAL = 128 * 1024 * 1024
"""A text of LITERAL bytes in a message of another node: JSON, every character of it escaped."""

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class StreamError(LvsmError):
    """Bytes that are no line protocol: the stream cannot be followed any further."""

    code = "bad-line"


class LineTooLongError(StreamError):
    """A line is longer than the limit."""

    code = "line-too-long"


class LiteralTooLargeError(StreamError):
    """A literal of more bytes than the limit was announced."""

    code = "literal-too-large"


class Line(NamedTuple):
    """One line of text without its end (a line feed, or carriage return and line feed)."""

    text: str


class Literal(NamedTuple):
    """The bytes that followed a request line with `bytes=N`."""

    data: bytes

    def __repr__(self) -> str:
        return f"Literal({len(self.data)} bytes)"


class LineReader:
    """Feed it bytes, ask it for events; sizes are bytes.

    `max_line` may be changed between two events. After it raised, it raises the same for ever.
    """

    def __init__(self, *, max_line: int = LINE_BEFORE_LOGIN, max_literal: int = LITERAL) -> None:
        """Expect a line first."""
        self.max_line = max_line
        self.max_literal = max_literal
        self._buffer = bytearray()
        self._searched = 0
        self._literal: int | None = None
        self._error: StreamError | None = None

    @property
    def buffered(self) -> int:
        """The bytes that wait to become an event."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the bytes that have arrived."""
        if self._error is None:
            self._buffer += data

    def expect_literal(self, length: int) -> None:
        """The next event is a literal of `length` bytes; raises LiteralTooLargeError."""
        if length > self.max_literal:
            self._fail(
                LiteralTooLargeError(
                    f"a literal has at most {self.max_literal} bytes, not {length}"
                )
            )
        self._literal = length

    def next_event(self) -> Line | Literal | None:
        """The next event, or None until more bytes are fed; raises StreamError."""
        if self._error is not None:
            raise self._error
        if self._literal is not None:
            return self._next_literal(self._literal)
        return self._next_line()

    def _next_literal(self, length: int) -> Literal | None:
        if len(self._buffer) < length:
            return None
        data = bytes(memoryview(self._buffer)[:length])
        self._drop(length)
        self._literal = None
        return Literal(data)

    def _next_line(self) -> Line | None:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > self.max_line + 1:  # one more for the \r of an ending \r\n
                self._too_long()
            return None
        raw = bytes(memoryview(self._buffer)[:end]).removesuffix(b"\r")
        if len(raw) > self.max_line:
            self._too_long()
        self._drop(end + 1)
        return Line(self._text(raw))

    def _text(self, raw: bytes) -> str:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            self._fail(StreamError("a line is UTF-8 text"))
        if _CONTROL.search(text):
            self._fail(StreamError("a line has no control characters but tabs"))
        return text

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0

    def _too_long(self) -> NoReturn:
        self._fail(LineTooLongError(f"a line has at most {self.max_line} bytes here"))

    def _fail(self, error: StreamError) -> NoReturn:
        self._error = error
        self._buffer.clear()
        raise error
