"""The supervisor's two kinds of connection: to an agent, and from a client.

A client's channel is joined to a channel of an agent. Only the far ends acknowledge what they
took, so what waits here is bounded by the windows of the channels that are open.
"""

from __future__ import annotations

import abc
import asyncio
from typing import TYPE_CHECKING

from tests.lab import frames
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[frames.Frame], None]

LAST = frozenset({frames.EXIT, frames.FAILED, frames.REFUSED})


class FrameConnection(asyncio.Protocol, abc.ABC):
    """A stream of frames on a transport."""

    def __init__(self) -> None:
        self._decoder = frames.Decoder()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand on what is complete; a stream that makes no sense is closed."""
        try:
            for frame in self._decoder.feed(data):
                self.received(frame)
        except frames.FrameError as error:
            self.send(frames.REFUSED, 0, str(error).encode())
            self.close()

    @abc.abstractmethod
    def received(self, frame: frames.Frame) -> None:
        """Take one frame."""

    def send(self, kind: int, channel: int, payload: bytes = b"") -> None:
        """Send one frame, if the other end is still there."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(frames.encode(kind, channel, payload))

    def close(self) -> None:
        """Close when everything is sent."""
        if self._transport:
            self._transport.close()


class AgentLink(FrameConnection):
    """The line to one node's agent."""

    def __init__(self, log: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self._log = log
        self._on_end = on_end
        self._channels: dict[int, Handler] = {}
        self._last_channel = 0
        self._waiting = bytearray()
        self._under_way = 0

    def send(self, kind: int, channel: int, payload: bytes = b"") -> None:
        """Send one frame, as soon as the line has room for it."""
        self._waiting += frames.encode(kind, channel, payload)
        self._write()

    def _write(self) -> None:
        room = frames.LINE_ROOM - self._under_way
        if room > 0 and self._waiting and self._transport and not self._transport.is_closing():
            data = bytes(self._waiting[:room])
            del self._waiting[:room]
            self._under_way += len(data)
            self._transport.write(data)

    def open(self, kind: int, payload: bytes, handler: Handler) -> int:
        """Start something in the node; `handler` gets every frame that comes of it."""
        self._last_channel += 1
        self._channels[self._last_channel] = handler
        self.send(kind, self._last_channel, payload)
        return self._last_channel

    def forget(self, channel: int) -> None:
        """End what runs on a channel, since nobody listens any more."""
        if self._channels.pop(channel, None):
            self.send(frames.DROP, channel)

    def received(self, frame: frames.Frame) -> None:
        """Take one frame from the agent."""
        if frame.kind == frames.TAKEN:
            self._under_way -= frames.parse_number(frame.payload)
            self._write()
        elif frame.kind == frames.LOG:
            self._log(frame.payload)
        elif frame.kind == frames.PONG and not frame.channel:
            self.answered.set()
        else:
            handler = self._channels.get(frame.channel)
            if frame.kind in LAST or frame.kind == frames.PONG:
                self._channels.pop(frame.channel, None)
            if handler:
                handler(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits that nothing more will come."""
        del exc
        self.ended.set()
        self._on_end()
        channels, self._channels = self._channels, {}
        for channel, handler in channels.items():
            handler(frames.Frame(frames.REFUSED, channel, b"the node went off"))

    async def run(self, argv: list[str], output: Callable[[bytes], None]) -> int:
        """Run a command to its end and return its status."""
        payload = frames.render_command(frames.Command(tuple(a.encode() for a in argv)))
        return await self._complete(frames.RUN, payload, b"", output)

    async def put(self, path: str, data: bytes, mode: int, owner: str) -> None:
        """Write a file in the node."""
        head = frames.strings([path.encode(), b"%o" % mode, owner.encode()])
        await self._complete(frames.PUT, head, data, lambda _data: None)

    async def ping(self) -> None:
        """Return once the agent has answered."""
        await self._complete(frames.PING, b"", b"", lambda _data: None)

    async def _complete(
        self, kind: int, payload: bytes, stdin: bytes, output: Callable[[bytes], None]
    ) -> int:
        ended: asyncio.Future[frames.Frame] = asyncio.get_running_loop().create_future()

        def handle(frame: frames.Frame) -> None:
            if frame.kind in {frames.OUT, frames.ERR}:
                output(frame.payload)
                self.send(frames.ACK, channel, frames.number(len(frame.payload)))
            elif frame.kind != frames.ACK and not ended.done():
                ended.set_result(frame)

        channel = self.open(kind, payload, handle)
        if kind != frames.PING:
            for chunk in frames.chunks(stdin):
                self.send(frames.STDIN, channel, chunk)
            self.send(frames.STDIN_END, channel)
        last = await ended
        if last.kind in {frames.FAILED, frames.REFUSED}:
            raise LabError(last.payload.decode(errors="replace"))
        return frames.parse_number(last.payload) if last.kind == frames.EXIT else 0


class ClientLink(FrameConnection):
    """A client of the supervisor: requests, and channels joined to one node's agent."""

    def __init__(self, on_request: Callable[[ClientLink, frames.Frame], None]) -> None:
        super().__init__()
        self.agent: AgentLink | None = None
        self.closed = asyncio.Event()
        self._on_request = on_request
        self._channels: dict[int, int] = {}

    def received(self, frame: frames.Frame) -> None:
        """Take one frame from the client."""
        if frame.kind in {frames.REQUEST, frames.ATTACH}:
            self._on_request(self, frame)
        elif self.agent is None:
            self.refuse(frame.channel, "no node is attached")
        elif frame.kind in {frames.RUN, frames.PUT, frames.PING}:
            self._join(self.agent, frame)
        elif frame.channel in self._channels:
            self.agent.send(frame.kind, self._channels[frame.channel], frame.payload)

    def refuse(self, channel: int, why: str) -> None:
        """Say that it cannot be done."""
        self.send(frames.REFUSED, channel, why.encode()[: frames.MAX_PAYLOAD])

    def connection_lost(self, exc: Exception | None) -> None:
        """End what the client had started."""
        del exc
        self.closed.set()
        for channel in self._channels.values():
            if self.agent:
                self.agent.forget(channel)

    def _join(self, agent: AgentLink, frame: frames.Frame) -> None:
        ours = frame.channel

        def relay(answer: frames.Frame) -> None:
            self.send(answer.kind, ours, answer.payload)
            if answer.kind in LAST:
                self._channels.pop(ours, None)

        if agent.ended.is_set():
            self.refuse(ours, "the node is off")
        else:
            self._channels[ours] = agent.open(frame.kind, frame.payload, relay)
