"""The worker's end of the socketpair to the privileged half."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

from lvsm.core.errors import LvsmError
from lvsm.core.operations import (
    AddressText,
    AnyOperation,
    DestinationLoad,
    Failure,
    KernelState,
    ServiceKey,
)
from lvsm.core.verbs import (
    LENGTH_BYTES,
    MAX_FRAME,
    AnyReply,
    AnyRequest,
    Applied,
    Apply,
    BadFrameError,
    Count,
    Counted,
    HaresourcesGroup,
    MonService,
    Probe,
    Probed,
    Read,
    Refused,
    RestoreMon,
    Same,
    State,
    WakeMon,
    WriteHaresources,
    WriteMon,
    WriteVerifier,
    decode_reply,
    encode,
)


class PrivilegedHalfGoneError(LvsmError):
    """The privileged half has ended: plvsd must be started anew."""

    code = "privileged-gone"


class PrivilegedLink:
    """Requests to the privileged half, one at a time; made by `open_link`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep the streams."""
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._seen: State | None = None

    async def read(self, ways_out_from: Sequence[AddressText] = ()) -> KernelState:
        """What the kernel has now, the same object as before while it is the same.

        `ways_out_from` are addresses of this node; by which gateway their packets would leave is
        told too. Raises LvsmError.
        """
        seen = self._seen
        reply = await self._ask(
            Read(ways_out_from=tuple(ways_out_from), unless=seen.mark if seen else 0)
        )
        if isinstance(reply, Same) and seen is not None:
            return seen.kernel
        if not isinstance(reply, State):
            raise BadFrameError(f"unexpected answer {reply!r}")
        self._seen = reply
        return reply.kernel

    async def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Perform `operations` in order and return what the kernel refused; raises LvsmError."""
        reply = await self._ask(Apply(operations=tuple(operations)))
        if not isinstance(reply, Applied):
            raise BadFrameError(f"unexpected answer {reply!r}")
        return reply.failures

    async def count(self, keys: Sequence[ServiceKey]) -> tuple[DestinationLoad, ...]:
        """The connections of the services' realservers; raises LvsmError."""
        reply = await self._ask(Count(keys=tuple(keys)))
        return reply.loads if isinstance(reply, Counted) else ()

    async def schedulers(self) -> tuple[str, ...]:
        """By which schedulers this kernel schedules; raises LvsmError."""
        reply = await self._ask(Probe())
        return reply.schedulers if isinstance(reply, Probed) else ()

    async def write_haresources(self, groups: Sequence[HaresourcesGroup]) -> None:
        """Replace LVSM's lines in haresources; raises LvsmError."""
        await self._ask(WriteHaresources(groups=tuple(groups)))

    async def write_mon(self, services: Sequence[MonService], hashed: str) -> None:
        """Replace mon's files, the old mon.cf kept beside; raises LvsmError."""
        await self._ask(WriteMon(services=tuple(services), hashed=hashed))

    async def restore_mon(self) -> None:
        """Put the mon.cf back that was there before; raises LvsmError."""
        await self._ask(RestoreMon())

    async def wake_mon(self) -> None:
        """Have mon read its files anew; raises LvsmError."""
        await self._ask(WakeMon())

    async def write_verifier(self, verifier: str) -> None:
        """Make this the password verifier of plvsd.conf; raises LvsmError."""
        await self._ask(WriteVerifier(verifier=verifier))

    async def aclose(self) -> None:
        """End the conversation, and with it the privileged half."""
        self._writer.close()
        with suppress(OSError):  # it had ended already
            await self._writer.wait_closed()

    async def _ask(self, request: AnyRequest) -> AnyReply:
        async with self._turn:
            try:
                self._writer.write(encode(request))
                await self._writer.drain()
                header = await self._reader.readexactly(LENGTH_BYTES)
                length = min(int.from_bytes(header, "big"), MAX_FRAME)
                reply = decode_reply(await self._reader.readexactly(length))
            except (OSError, asyncio.IncompleteReadError) as error:
                raise PrivilegedHalfGoneError("plvsd's privileged half has ended") from error
        if isinstance(reply, Refused):
            raise LvsmError(reply.reason, code=reply.code)
        return reply


async def open_link(connection: socket.socket) -> PrivilegedLink:
    """Take the worker's end of the socketpair into the event loop."""
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    return PrivilegedLink(reader, writer)
