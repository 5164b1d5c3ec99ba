"""Frames on a byte stream: bytes in, frames out. No I/O here.

The law: any chunking of the same bytes gives the same frames, and a stream that cannot be one of
ours raises `FrameError` before anything larger than one frame was kept.

One format serves both hops, client to supervisor (a unix socket) and supervisor to agent (a
serial line). A frame is one byte of kind, four of channel, four of length, then the payload. A
channel is one command that runs in a node, or one request to the supervisor.

Both directions of a channel have a window: a sender has at most `WINDOW` bytes that the far end
has not acknowledged with `ACK`, so a slow reader stops a fast writer and no queue grows.

This module is imported by the agent at every boot of a node and by each `lab exec`. `typing`
alone would cost 90 ms there and 12 ms here, hence the plain classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct

HEADER = Struct(">BII")
COUNT = Struct(">I")
MAX_PAYLOAD = 1 << 16
WINDOW = 1 << 18
LINE_ROOM = 3072
"""Bytes that may be under way to an agent. With more, the serial line's buffer (4096) fills up, its
driver switches input off, and never on again: the node would be deaf for good."""
TAKEN_STEP = 1024
"""An agent reports what it has read when it is this much."""

# What a client or the supervisor says to an agent.
RUN = 1  # strings: see `Command`
PUT = 2  # strings: path, mode (octal), owner ("user:group"); the contents follow as STDIN
STDIN = 3
STDIN_END = 4
SIGNAL = 5  # number
PING = 6
DROP = 7  # nobody listens any more: end the command

# What an agent says.
OUT = 16
ERR = 17
EXIT = 18  # number: the status, negative for a signal
FAILED = 19  # text: the command could not be started at all
PONG = 20
LOG = 21  # text: what the node's programs said to nobody in particular

# Either.
ACK = 32  # number: so many bytes of the window are free again
TAKEN = 33  # number, channel 0: so many bytes were read from the line; see LINE_ROOM

# What clients and the supervisor say to one another about the lab itself.
REQUEST = 48  # JSON
REPLY = 49  # JSON
REFUSED = 50  # text
ATTACH = 51  # text: the node that this connection's commands run in


class FrameError(Exception):
    """The stream does not hold frames of ours."""


class Frame:
    """One message."""

    __slots__ = ("channel", "kind", "payload")

    def __init__(self, kind: int, channel: int, payload: bytes = b"") -> None:
        self.kind = kind
        self.channel = channel
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Frame{self._key()!r}"

    def _key(self) -> tuple[int, int, bytes]:
        return self.kind, self.channel, self.payload


class Command:
    """What a RUN frame asks for."""

    __slots__ = ("argv", "env")

    def __init__(self, argv: tuple[bytes, ...], env: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.argv = argv
        self.env = env


def encode(kind: int, channel: int, payload: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    if len(payload) > MAX_PAYLOAD:
        raise FrameError(f"a payload of {len(payload)} bytes is over {MAX_PAYLOAD}")
    return HEADER.pack(kind, channel, len(payload)) + payload


def chunks(data: bytes) -> Iterator[bytes]:
    """Cut `data` into payloads."""
    for start in range(0, len(data), MAX_PAYLOAD):
        yield data[start : start + MAX_PAYLOAD]


class Decoder:
    """Collects bytes and gives the frames that are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take more bytes; return every frame they complete, in order."""
        self._buffer += data
        frames = []
        start = 0
        while len(self._buffer) - start >= HEADER.size:
            kind, channel, length = HEADER.unpack_from(self._buffer, start)
            if length > MAX_PAYLOAD:
                raise FrameError(f"a frame claims {length} bytes, over {MAX_PAYLOAD}")
            end = start + HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append(Frame(kind, channel, bytes(self._buffer[start + HEADER.size : end])))
            start = end
        del self._buffer[:start]
        return frames


def number(value: int) -> bytes:
    """Return the payload that holds one number."""
    return b"%d" % value


def parse_number(payload: bytes) -> int:
    """Return the number in a payload."""
    try:
        return int(payload)
    except ValueError:
        raise FrameError(f"{payload[:40]!r} is no number") from None


def strings(items: Sequence[bytes]) -> bytes:
    """Return a payload of any byte strings, each kept exactly."""
    return COUNT.pack(len(items)) + b"".join(COUNT.pack(len(s)) + s for s in items)


def parse_strings(payload: bytes) -> list[bytes]:
    """Return the strings of a payload; nothing may be missing or left over."""
    position = 0

    def take(size: int) -> bytes:
        nonlocal position
        position += size
        if position > len(payload):
            raise FrameError("a list of strings ends early")
        return payload[position - size : position]

    def take_count() -> int:
        return int(COUNT.unpack(take(COUNT.size))[0])

    items = [take(take_count()) for _ in range(_bounded(take_count(), len(payload)))]
    if position != len(payload):
        raise FrameError("a list of strings is followed by something else")
    return items


def _bounded(count: int, size: int) -> int:
    if count * COUNT.size > size:
        raise FrameError(f"{count} strings do not fit into {size} bytes")
    return count


def render_command(command: Command) -> bytes:
    """Return the payload of a RUN frame."""
    env = [part for pair in command.env for part in pair]
    return strings([number(len(command.argv)), *command.argv, *env])


def parse_command(payload: bytes) -> Command:
    """Return what a RUN frame asks for."""
    items = parse_strings(payload)
    argc = parse_number(items[0]) if items else 0
    rest = items[argc + 1 :]
    if argc < 1 or argc >= len(items) or len(rest) % 2:
        raise FrameError("a command needs its argv, then pairs of names and values")
    return Command(tuple(items[1 : argc + 1]), tuple(zip(rest[::2], rest[1::2], strict=True)))
