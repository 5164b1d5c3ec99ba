"""A client's connection to the supervisor. The command `lab exec` waits for every import here."""

from __future__ import annotations

import os
from _socket import AF_UNIX
from _socket import socket as Socket  # noqa: N812 - the class; `socket` costs 6 ms more
from collections.abc import Mapping, Sequence

from tests.lab import frames
from tests.lab.errors import LabError

TYPE_CHECKING = False  # `typing` costs 12 ms
if TYPE_CHECKING:
    from typing import Any

SOCKET = "socket"
READ_SIZE = 1 << 16
REQUEST_CHANNEL, COMMAND_CHANNEL = 0, 1


class Connection:
    """Frames to and from the supervisor of the lab in a folder."""

    def __init__(self, state: str | os.PathLike[str]) -> None:
        self._socket = _connect(state)
        self._decoder = frames.Decoder()
        self._received: list[frames.Frame] = []

    def fileno(self) -> int:
        """Return the descriptor, for select()."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection, and the commands that were started by it."""
        self._socket.close()

    def send(self, kind: int, payload: bytes = b"", channel: int = COMMAND_CHANNEL) -> None:
        """Send one frame."""
        self._socket.sendall(frames.encode(kind, channel, payload))

    def receive(self, timeout: float | None = None) -> frames.Frame:
        """Return the next frame."""
        if not self._received:
            self._socket.settimeout(timeout)
            try:
                self._received = self._read()
            finally:
                self._socket.settimeout(None)
        return self._received.pop(0)

    def has_frame(self) -> bool:
        """Tell whether a frame is there without waiting."""
        return bool(self._received)

    def request(self, verb: str, timeout: float | None = 300, **arguments: Any) -> Any:
        """Ask the supervisor for something and return its answer."""
        import json

        text = json.dumps({"verb": verb, **arguments})
        self.send(frames.REQUEST, text.encode(), REQUEST_CHANNEL)
        frame = self.receive(timeout)
        if frame.kind != frames.REPLY:
            raise LabError(frame.payload.decode(errors="replace"))
        return json.loads(frame.payload)

    def attach(self, node: str) -> None:
        """Choose the node that this connection's commands run in; a refusal comes later."""
        self.send(frames.ATTACH, node.encode(), REQUEST_CHANNEL)

    def run(self, node: str, argv: Sequence[str | bytes], env: Mapping[str, str] | None) -> None:
        """Start a command in a node."""
        self.attach(node)
        pairs = tuple((os.fsencode(k), os.fsencode(v)) for k, v in (env or {}).items())
        command = frames.Command(tuple(map(os.fsencode, argv)), pairs)
        self.send(frames.RUN, frames.render_command(command))

    def acknowledge(self, frame: frames.Frame) -> None:
        """Let the far end send as much again."""
        self.send(frames.ACK, frames.number(len(frame.payload)))

    def _read(self) -> list[frames.Frame]:
        found: list[frames.Frame] = []
        while not found:
            data = self._socket.recv(READ_SIZE)
            if not data:
                raise LabError("the lab has ended")
            found = self._decoder.feed(data)
        return found


def _connect(state: str | os.PathLike[str]) -> Socket:
    """Connect to the socket in DIR, however long its path is."""
    connection = Socket(AF_UNIX)
    try:
        folder = os.open(state, os.O_PATH)
        try:
            connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        finally:
            os.close(folder)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        raise LabError(f"no lab is up in {state}; `up` starts one") from None
    return connection
