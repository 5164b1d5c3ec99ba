"""The privileged half's loop: frames in, frames out, until the worker goes away."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from lvsm.core.verbs import (
    LENGTH_BYTES,
    MAX_FRAME,
    AnyReply,
    AnyRequest,
    BadFrameError,
    Refused,
    decode_request,
    encode,
)


def serve(connection: socket.socket, answer: Callable[[AnyRequest], AnyReply]) -> None:
    """Answer the worker's requests one after the other; returns when it closes its end.

    A frame that is no request is refused and the next one is read; a frame longer than MAX_FRAME
    ends the conversation, since its end cannot be found without reading it.
    """
    while (body := _receive(connection)) is not None:
        try:
            reply = answer(decode_request(body))
        except BadFrameError as error:
            reply = Refused(code=error.code, reason=error.message)
        _send(connection, reply)


def _receive(connection: socket.socket) -> bytes | None:
    header = _exactly(connection, LENGTH_BYTES)
    if header is None:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME:
        reason = f"a frame of {length} bytes is over the limit of {MAX_FRAME}"
        _send(connection, Refused(code="bad-request", reason=reason))
        return None
    return _exactly(connection, length)


def _send(connection: socket.socket, reply: AnyReply) -> None:
    """Send a reply; a worker that ended meanwhile needs none, and the next read will tell."""
    with suppress(ConnectionError):
        connection.sendall(encode(reply))


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    chunks: list[bytes] = []
    while count:
        try:
            chunk = connection.recv(min(count, 1 << 18))
        except ConnectionError:  # it ended with a reply unread
            return None
        if not chunk:
            return None
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)
