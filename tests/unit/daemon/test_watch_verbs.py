from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lvsm.core.errors import LvsmError
from lvsm.core.events import TOPICS, GroupTaken
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.feed import Feed
from lvsm.daemon.watch_verbs import WatchVerbs
from lvsm.daemon.watchers import MOST_EVENTS, Watchers
from tests.fakes.clock import FakeClock
from tests.unit.adapters.protocol_node import until
from tests.unit.core.test_status import GOOD
from tests.unit.daemon.replies import FakeReply

TAKEN = GroupTaken(group="web", reason="first of its list")


class Node:
    def __init__(self) -> None:
        clock = FakeClock()
        self.watchers = Watchers(node="dir1", clock=clock)
        feed = Feed(clock=clock, watchers=self.watchers, known=lambda: GOOD)
        self.verbs = WatchVerbs(watchers=self.watchers, feed=feed)

    @asynccontextmanager
    async def watching(self, *topics: str) -> AsyncIterator[FakeReply]:
        reply = FakeReply()
        ongoing = await self.verbs.watch(_request(*topics), reply)
        task = asyncio.ensure_future(ongoing.go_on())  # noqa: TID251  the test ends it
        try:
            await until(lambda: self.watchers.watched(*topics))
            yield reply
        finally:
            task.cancel()


def _request(*topics: str) -> Request:
    admin = Principal(name="admin", kind="admin")
    return Request(principal=admin, origin="", verb="WATCH", args=topics)


@pytest.mark.parametrize("topics", [(), ("status", "weather"), ("audit",), ("Status",)])
async def test_an_unknown_topic_is_refused_with_those_that_there_are(
    topics: tuple[str, ...],
) -> None:
    with pytest.raises(LvsmError) as refused:
        await Node().verbs.watch(_request(*topics), FakeReply())
    assert refused.value.code == "bad-request"
    assert all(topic in refused.value.message for topic in TOPICS)


async def test_snapshots_come_first_and_then_what_happens() -> None:
    node = Node()
    async with node.watching("status", "health", "config", "events") as reply:
        node.watchers.tell(TAKEN)
        await until(lambda: len(reply.events) == 4)
    assert reply.codes() == ["status", "health", "generation", "group-taken"]
    assert [event.get("snapshot", False) for event in reply.events] == [True] * 3 + [False]


async def test_whoever_fell_behind_hears_resync_and_how_things_are() -> None:
    node = Node()
    async with node.watching("config", "events") as reply:
        await until(lambda: reply.codes() == ["generation"])
        reply.readable.clear()
        for _ in range(MOST_EVENTS + 10):
            node.watchers.tell(TAKEN)
        await asyncio.sleep(0.01)
        reply.readable.set()
        await until(lambda: "resync" in reply.codes())
        await until(lambda: reply.codes()[-1] == "generation")
        node.watchers.tell(TAKEN)
        await until(lambda: reply.codes()[-1] == "group-taken")
    assert len(reply.events) < 10


@pytest.mark.parametrize("drops", [1, 3])
async def test_whoever_lost_an_event_hears_how_things_are(drops: int) -> None:
    node = Node()
    async with node.watching("config", "events") as reply:
        await until(lambda: reply.codes() == ["generation"])
        reply.drops = drops
        node.watchers.tell(TAKEN)
        await until(lambda: len(reply.events) == 2)
    assert reply.codes() == ["generation", "generation"]


async def test_a_watcher_that_goes_is_forgotten() -> None:
    node = Node()
    async with node.watching("events"):
        pass
    await until(lambda: not node.watchers.watched("events"))
