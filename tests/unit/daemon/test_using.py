from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from lvsm.core.errors import LvsmError
from lvsm.core.generation import Generation
from lvsm.core.replication.disk import Disk, fresh
from lvsm.daemon.using import Using
from tests.unit.adapters.protocol_node import until

LARGE = ("large", "huge", "unreadable")


def at(text: str) -> Disk:
    """A disk whose head has that text."""
    return replace(fresh("a", "1", ("a",)), head=Generation(number=1, text=text))


@dataclass(kw_only=True)
class Node:
    """What was used, and what is being read."""

    used: list[tuple[str, str]] = field(default_factory=list)
    reading: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def use(self, before: Disk, after: Disk) -> None:
        self.used.append((before.head.text, after.head.text))

    async def prepare(self, text: str) -> None:
        self.reading.append(text)
        await self.go_on.wait()
        if text == "unreadable":
            raise LvsmError("too much")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Using]:
        using = Using(self.use, at_once=lambda text: text not in LARGE, prepare=self.prepare)
        with suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(using.run())
                yield using
                task.cancel()


async def test_what_is_read_at_once_is_used_at_once() -> None:
    node = Node()
    async with node.running() as using:
        using.moved(at("a"), at("b"))
        assert node.used == [("a", "b")]
    assert node.reading == []


async def test_another_text_is_read_first_and_nothing_overtakes_it() -> None:
    node = Node()
    async with node.running() as using:
        using.moved(at("a"), at("large"))
        await until(lambda: node.reading)
        using.moved(at("large"), at("huge"))
        using.moved(at("huge"), at("b"))
        assert node.used == []
        node.go_on.set()
        await until(lambda: node.used)
        assert node.used == [("a", "b")]
        using.moved(at("b"), at("c"))
        assert node.used[1:] == [("b", "c")]


async def test_what_cannot_be_read_leaves_what_was_there() -> None:
    node = Node()
    node.go_on.set()
    async with node.running() as using:
        using.moved(at("a"), at("unreadable"))
        await until(lambda: node.reading)
        using.moved(at("unreadable"), at("large"))
        await until(lambda: node.used)
    assert node.used[-1][1] == "large"
