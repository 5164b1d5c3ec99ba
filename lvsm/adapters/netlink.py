"""A raw netlink socket: many messages in one send, each error mapped to the message that caused it.

Law: a message's sequence number is its index, so an error names its cause. The kernel has processed
everything when `send` returns; what it says is then read without waiting. The last message of each
send asks for an acknowledgement, and one that is missing means that the kernel stopped reading in
the middle: the caller must look at what is there and plan anew (netlink(7), linux/netlink.h).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence

from lvsm.core.errors import LvsmError

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
NLM_F_CREATE = 0x400
NLM_F_EXCL = 0x200
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NETLINK_CAP_ACK = 10
_SOL_NETLINK = 270
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33
_NLA_TYPE_MASK = 0x3FFF
_BATCH_MESSAGES = 256
_BATCH_BYTES = 30_000
_BUFFER = 1 << 20
_READ = 1 << 16
_SECONDS = 5.0

HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")

Message = tuple[int, int, bytes]
"""A message to send: its type, its flags beside NLM_F_REQUEST, its body."""


class NetlinkError(LvsmError):
    """The kernel refused a message; `number` is the errno."""

    code = "kernel"

    def __init__(self, message: str, number: int) -> None:
        """Keep the errno."""
        super().__init__(f"{message}: {os.strerror(number)}")
        self.number = number


class DesyncError(LvsmError):
    """Some messages of a batch were not processed: look at the kernel's state and plan anew."""

    code = "desync"


class Netlink:
    """One long-lived socket of a netlink family (NETLINK_ROUTE, NETLINK_GENERIC)."""

    def __init__(self, family: int) -> None:
        """Open the socket; raises OSError."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family
        )
        for force, plain in (
            (_SO_SNDBUFFORCE, socket.SO_SNDBUF),
            (_SO_RCVBUFFORCE, socket.SO_RCVBUF),
        ):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, force, _BUFFER)
            except PermissionError:
                self._socket.setsockopt(socket.SOL_SOCKET, plain, _BUFFER)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        self._socket.settimeout(_SECONDS)
        self._socket.bind((0, 0))
        self._buffer = bytearray(_READ)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def batch(self, messages: Sequence[Message]) -> dict[int, int]:
        """Send all messages in order; the errno of each that was refused, by its index.

        Raises DesyncError when the kernel did not process everything, OSError.
        """
        errors: dict[int, int] = {}
        start = 0
        while start < len(messages):
            end, size = start, 0
            while end < len(messages) and end - start < _BATCH_MESSAGES and size < _BATCH_BYTES:
                size += HEADER.size + len(messages[end][2])
                end += 1
            parts: list[bytes] = []
            for index in range(start, end):
                kind, flags, body = messages[index]
                flags |= NLM_F_REQUEST | (NLM_F_ACK if index == end - 1 else 0)
                parts += (HEADER.pack(HEADER.size + len(body), kind, flags, index, 0), body)
            self._socket.send(b"".join(parts))
            self._collect(errors, last=end - 1)
            start = end
        return errors

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """The bodies of all messages that answer a dump request; raises NetlinkError, OSError."""
        flags = NLM_F_REQUEST | NLM_F_DUMP
        self._socket.send(HEADER.pack(HEADER.size + len(body), kind, flags, 0, 0) + body)
        found: list[bytes] = []
        while True:
            for answer, _, content in self._receive():
                if answer == _NLMSG_DONE:
                    return found
                if answer == _NLMSG_ERROR:
                    raise NetlinkError(
                        "the kernel refused to list", -_ERROR.unpack_from(content)[0]
                    )
                found.append(content)

    def ask(self, kind: int, body: bytes) -> bytes:
        """The body of the one message that answers; raises NetlinkError, OSError."""
        self._socket.send(HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST, 0, 0) + body)
        for answer, _, content in self._receive():
            if answer != _NLMSG_ERROR:
                return content
            raise NetlinkError("the kernel refused to answer", -_ERROR.unpack_from(content)[0])
        raise DesyncError("the kernel answered nothing")

    def _collect(self, errors: dict[int, int], *, last: int) -> None:
        """Read what the kernel said of a batch, up to the acknowledgement of its last message."""
        try:
            while True:
                for sequence, number in self._verdicts():
                    if number:
                        errors[sequence] = number
                    if sequence == last:
                        return
        except BlockingIOError:
            raise DesyncError("the kernel did not process the whole batch") from None
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            raise DesyncError("too many refusals at once for the receive buffer") from error

    def _verdicts(self) -> list[tuple[int, int]]:
        return [
            (sequence, -_ERROR.unpack_from(content)[0])
            for kind, sequence, content in self._receive(socket.MSG_DONTWAIT)
            if kind == _NLMSG_ERROR
        ]

    def _receive(self, flags: int = 0) -> Iterator[tuple[int, int, bytes]]:
        count = self._socket.recv_into(self._buffer, 0, flags)
        data = bytes(memoryview(self._buffer)[:count])
        place = 0
        while place + HEADER.size <= count:
            length, kind, _, sequence, _ = HEADER.unpack_from(data, place)
            yield kind, sequence, data[place + HEADER.size : place + length]
            place += (length + 3) & ~3


def attribute(kind: int, content: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    padding = b"\0" * (-len(content) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(content), kind) + content + padding


def attributes(data: bytes, start: int = 0) -> dict[int, bytes]:
    """The attributes in `data` from `start` on, by type."""
    found = places(data, start, len(data))
    return {kind: data[place : place + length] for kind, (place, length) in found.items()}


def places(data: bytes, start: int, end: int) -> dict[int, tuple[int, int]]:
    """Where the content of each attribute in `data[start:end]` begins and how long it is."""
    found: dict[int, tuple[int, int]] = {}
    place = start
    while place + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, place)
        if length < _ATTRIBUTE.size:
            break
        content = place + _ATTRIBUTE.size
        found[kind & _NLA_TYPE_MASK] = content, min(length, end - place) - _ATTRIBUTE.size
        place += (length + 3) & ~3
    return found
