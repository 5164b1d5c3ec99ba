from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from lvsm.core.facts import Facts
from lvsm.core.generation import Generation
from lvsm.core.status import Known
from lvsm.daemon.feed import Feed
from lvsm.daemon.watchers import Watcher, Watchers
from tests.fakes.clock import FakeClock
from tests.unit.core.test_status import GOOD, facts


class World:
    """What is known, and how often it was asked."""

    def __init__(self) -> None:
        self.known = GOOD
        self.asked = 0
        self.clock = FakeClock()
        self.watchers = Watchers(node="dir1", clock=self.clock)
        self.feed = Feed(clock=self.clock, watchers=self.watchers, known=self.look)

    def look(self) -> Known:
        self.asked += 1
        return self.known

    def own(self, **changes: object) -> None:
        mine: Facts = facts("dir1", holds=("web",), **changes)
        self.known = replace(self.known, facts={**self.known.facts, "dir1": mine})


def snapshots(world: World, *topics: str) -> list[dict[str, Any]]:
    return [json.loads(event.line[2:]) for event in world.feed.snapshots(frozenset(topics))]


async def told(watcher: Watcher, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        found = [await watcher.next() for _ in range(count)]
    return [json.loads(entry.event.line[2:]) for entry in found if entry]


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(world.feed.run())
    try:
        yield
    finally:
        task.cancel()


async def test_nothing_is_looked_at_while_nobody_watches() -> None:
    world = World()
    async with running(world):
        await asyncio.sleep(0.05)
        assert world.asked == 0


async def test_snapshots_say_how_things_are() -> None:
    world = World()
    state, health, config = snapshots(world, "status", "health", "config", "events")
    assert all(event["snapshot"] for event in (state, health, config))
    assert state["status"]["state"] == "OK"
    assert {(r["realserver"], r["state"]) for r in health["realservers"]} == {
        ("rs1", "up"),
        ("old", "up"),
    }
    assert (config["event"], config["generation"]) == ("generation", 4)
    assert snapshots(world, "events") == []


async def test_watchers_that_come_together_share_one_look() -> None:
    world = World()
    for _ in range(100):
        snapshots(world, "status")
    assert world.asked <= 2
    world.clock.pass_by(60)
    world.known = replace(world.known, now=world.known.now + 60)
    (later,) = snapshots(world, "status")
    assert later["status"]["saved"]["ago_s"] == 70.0


async def test_a_change_is_told_to_each_topic_it_concerns() -> None:
    world = World()
    async with running(world):
        with world.watchers.watching(("status", "health", "config", "events")) as watcher:
            snapshots(world, "status")
            world.known = replace(
                world.known,
                statuses={**GOOD.statuses, "rs1": "dead"},
                generation=Generation(number=5, text="y", author="eve", node="dir2"),
            )
            world.own(problems=("the kernel refused it",))
            events = await told(watcher, 4)
            assert [e["event"] for e in events] == [
                "realserver",
                "generation",
                "problem-appeared",
                "status",
            ]
            assert (events[1]["generation"], events[1]["author"]) == (5, "eve")
            assert events[3]["status"]["state"] == "degraded"
            world.own()
            assert [e["event"] for e in await told(watcher, 2)] == ["problem-vanished", "status"]


async def test_growing_older_is_not_told() -> None:
    world = World()
    with world.watchers.watching(("status",)):
        world.feed.begin()
        for _ in range(5):
            world.known = replace(
                world.known, now=world.known.now + 1, held_for={"web": world.known.now}
            )
            world.feed.look()
    assert world.watchers.end == 0


async def test_what_changes_between_the_snapshot_and_the_first_look_is_told() -> None:
    world = World()
    with world.watchers.watching(("health",)) as watcher:
        snapshots(world, "health")
        world.known = replace(world.known, statuses={**GOOD.statuses, "rs1": "dead"})
        async with running(world):
            (event,) = await told(watcher, 1)
    assert (event["realserver"], event["state"]) == ("rs1", "down")


async def test_after_the_last_watcher_went_a_new_one_begins_anew() -> None:
    world = World()
    async with running(world):
        with world.watchers.watching(("health",)):
            await asyncio.sleep(0)
            world.feed.begin()
        await asyncio.sleep(0.6)
        world.known = replace(world.known, statuses={**GOOD.statuses, "rs1": "dead"})
        with world.watchers.watching(("health",)) as watcher:
            world.clock.pass_by(60)
            (health,) = snapshots(world, "health")
            assert {r["realserver"]: r["state"] for r in health["realservers"]}["rs1"] == "down"
            world.known = GOOD
            (event,) = await told(watcher, 1)
            assert (event["was"], event["state"]) == ("down", "up")
