"""Messages of the Save protocol to the other nodes: a connection to each, for these alone.

Law: sending never waits, and may lose a message: the protocol asks again. What waits for one node
is bounded, and the oldest of it is dropped. Facts have connections of their own (`peers`), so that
neither a long text nor a slow disk makes a node look dead.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec.structs import replace

from lvsm.core.errors import LvsmError
from lvsm.core.messages import BadRequestError
from lvsm.core.replication import versions
from lvsm.core.replication.messages import Envelope, decode, encode
from lvsm.daemon.ports import DialGreeted, Link

log = logging.getLogger(__name__)

MOST_WAITING = 16
"""Messages that wait for one node."""
BACK_OFF_SECONDS = (0.1, 0.3, 1.0)
ANSWER_SECONDS = 4.0
BYTES_PER_SECOND = 1_000_000
"""What a network and a disk are trusted to do at least, beyond ANSWER_SECONDS."""


Heard: TypeAlias = Callable[[Envelope], Awaitable[Envelope | None]]


@dataclass(slots=True, kw_only=True)
class Courier:
    """The way to one node: what waits to be sent there, and what was said of it last."""

    name: str
    waiting: deque[Envelope] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    said: str = ""
    failures: int = 0


class Couriers:
    """The ways to all other nodes."""

    def __init__(self, *, names: tuple[str, ...], dial: DialGreeted) -> None:
        """`names` are the other nodes; nothing is sent before `run`."""
        self._couriers = {name: Courier(name=name) for name in names}
        self._dial = dial

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes that can be sent to."""
        return tuple(self._couriers)

    @property
    def unreachable(self) -> set[str]:
        """The nodes to which no connection could be made, twice or more."""
        return {name for name, courier in self._couriers.items() if courier.failures > 1}

    def send(self, to: str, envelope: Envelope) -> None:
        """Send soon; to a node that ha.cf does not name, never."""
        courier = self._couriers.get(to)
        if courier is not None:
            courier.waiting.append(envelope)
            courier.wake.set()

    async def run(self, heard: Heard) -> None:
        """Carry messages for ever; `heard` is told each answer, and says what to send then."""
        async with asyncio.TaskGroup() as group:
            for courier in self._couriers.values():
                group.create_task(self._carry(courier, heard), name=f"courier to {courier.name}")

    async def _carry(self, courier: Courier, heard: Heard) -> None:
        while True:
            await courier.wake.wait()
            try:
                link, version = await self._connected(courier.name)
            except (LvsmError, OSError, TimeoutError) as error:
                self._say(courier, f"no connection to {courier.name} for Saves: {error}")
                courier.waiting.clear()
                courier.wake.clear()
                pause = BACK_OFF_SECONDS[min(courier.failures, len(BACK_OFF_SECONDS) - 1)]
                courier.failures += 1
                await asyncio.sleep(pause)
                continue
            courier.failures = 0
            try:
                await self._converse(courier, link, version, heard)
            except (LvsmError, OSError, TimeoutError) as error:
                self._say(courier, f"the connection to {courier.name} for Saves broke: {error}")
            finally:
                await link.close()
            if courier.waiting:
                courier.wake.set()
            await asyncio.sleep(BACK_OFF_SECONDS[0])

    async def _connected(self, name: str) -> tuple[Link, int]:
        """A connection to a node, and the version of the Save protocol that both speak."""
        link = await self._dial(name)
        version = versions.agreed(link.features)
        if version is None:
            await link.close()
            raise LvsmError(
                "its LVSM speaks no version of the Save protocol that this one speaks"
                f" ({', '.join(versions.features())})",
                code="message-version",
            )
        return link, version

    async def _converse(self, courier: Courier, link: Link, version: int, heard: Heard) -> None:
        while not link.broken:
            courier.wake.clear()
            while courier.waiting and not link.broken:
                await self._deliver(courier, link, version, heard)
            await courier.wake.wait()

    async def _deliver(self, courier: Courier, link: Link, version: int, heard: Heard) -> None:
        data = encode(replace(courier.waiting.popleft(), version=version))
        patience = ANSWER_SECONDS + len(data) / BYTES_PER_SECOND
        try:
            answer = await link.request("PEER SAVE", data, timeout=patience)
            reply = _reply(answer.items, courier.name)
            further = None if reply is None else await heard(reply)
        except (LvsmError, OSError) as error:
            if link.broken:
                raise
            self._say(courier, f"{courier.name} did not take a message about Saves: {error}")
            return
        courier.said = ""
        if further is not None:
            self.send(courier.name, further)

    def _say(self, courier: Courier, text: str) -> None:
        if text != courier.said:
            log.warning("%s", text)
            courier.said = text


def to_item(envelope: Envelope | None) -> dict[str, object]:
    """The answer to a message as an item of the line protocol."""
    return {"envelope": None if envelope is None else encode(envelope).decode()}


def _reply(items: Sequence[Mapping[str, object]], node: str) -> Envelope | None:
    text = items[0].get("envelope") if items else None
    if not isinstance(text, str):
        return None
    envelope = decode(text.encode())
    if envelope.sender != node:
        raise BadRequestError(f"{node} answered as {envelope.sender}")
    return envelope
