"""What the privileged half hands to a worker that it did not fork: settings and open descriptors.

Under systemd the halves are two units. The worker connects to a socket that init opened, and gets
what root alone may read or make: the settings (of heartbeat's key only what was derived from it),
the local socket and heartbeat's pipe (SCM_RIGHTS, unix(7)). From then on the same connection
carries the requests of `lvsm.core.verbs`.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path, PurePath
from typing import Any

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.settings import Settings

LENGTH_BYTES = 4
MAX_BYTES = 1024 * 1024
_CREDENTIALS = struct.Struct("=iII")
_DESCRIPTORS = 2


class HandingOverError(LvsmError):
    """The worker did not get what it needs from the privileged half."""

    code = "privileged-gone"


class Granted(msgspec.Struct, frozen=True, kw_only=True, tag="granted"):
    """Everything a worker needs; the descriptors come beside it."""

    settings: Settings


class Denied(msgspec.Struct, frozen=True, kw_only=True, tag="denied"):
    """The worker gets nothing, and this is why."""

    reason: str


def caller(connection: socket.socket) -> int:
    """The uid at the other end, by the kernel (SO_PEERCRED, unix(7))."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)


def grant(connection: socket.socket, settings: Settings, local: socket.socket, pipe: int) -> None:
    """Hand over; the caller closes its own copies afterwards. Raises OSError."""
    body = encode_granted(settings)
    header = len(body).to_bytes(LENGTH_BYTES, "big")
    socket.send_fds(connection, [header], [local.fileno(), pipe])
    connection.sendall(body)


def encode_granted(settings: Settings) -> bytes:
    """The message that goes with the descriptors."""
    return msgspec.json.encode(Granted(settings=settings), enc_hook=_path_to_text)


def deny(connection: socket.socket, reason: str) -> None:
    """Tell the worker why it gets nothing; raises OSError."""
    body = msgspec.json.encode(Denied(reason=reason))
    connection.sendall(len(body).to_bytes(LENGTH_BYTES, "big") + body)


def receive(connection: socket.socket) -> tuple[Settings, socket.socket, int]:
    """Take over: settings, local socket, pipe; raises HandingOverError with the reason."""
    try:
        header, descriptors, _, _ = socket.recv_fds(connection, LENGTH_BYTES, _DESCRIPTORS)
        body = _exactly(connection, min(int.from_bytes(header, "big"), MAX_BYTES))
        answer = msgspec.json.decode(body, type=Granted | Denied, dec_hook=_text_to_path)
    except (OSError, msgspec.MsgspecError) as error:
        raise HandingOverError(f"plvsd's privileged half gave no settings: {error}") from error
    if isinstance(answer, Denied):
        raise HandingOverError(answer.reason, code="settings")
    if len(descriptors) != _DESCRIPTORS:
        raise HandingOverError("plvsd's privileged half gave no descriptors")
    local, pipe = descriptors
    os.set_inheritable(pipe, False)
    return answer.settings, socket.socket(fileno=local), pipe


def _exactly(connection: socket.socket, count: int) -> bytes:
    body = b""
    while len(body) < count:
        chunk = connection.recv(count - len(body))
        if not chunk:
            raise ConnectionResetError("it ended in the middle")
        body += chunk
    return body


def _path_to_text(value: Any) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _text_to_path(kind: type, value: Any) -> Path:
    if issubclass(kind, PurePath):
        return Path(value)
    raise NotImplementedError(kind.__name__)
