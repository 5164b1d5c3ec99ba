from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack

from lvsm.core.events import GroupTaken, MemberChanged, RealserverChanged
from lvsm.daemon.watchers import MOST_CHARACTERS, MOST_EVENTS, Told, Watcher, Watchers
from tests.fakes.clock import FakeClock

TAKEN = GroupTaken(group="web", reason="first of its list")
SICK = RealserverChanged(
    vip="web", realserver="rs1", port=80, was="up", state="down", reason="dead"
)


def hub() -> Watchers:
    return Watchers(node="dir1", clock=FakeClock())


async def waiting(watcher: Watcher) -> asyncio.Future[Told | None]:
    task = asyncio.get_running_loop().create_task(watcher.next())
    while watcher.sleep is None and not task.done():  # noqa: ASYNC110  nobody tells it
        await asyncio.sleep(0)
    return task


async def test_an_event_says_what_when_where_and_its_number() -> None:
    watchers = hub()
    with watchers.watching(("events",)) as watcher:
        watchers.tell(TAKEN)
        watchers.tell(MemberChanged(member="dir2", status="dead"))
        first, second = [await watcher.next() for _ in range(2)]
    assert first is not None
    assert second is not None
    told = json.loads(first.event.line[2:])
    assert {k: told[k] for k in ("event", "topic", "node", "group", "time", "number")} == {
        "event": "group-taken",
        "topic": "events",
        "node": "dir1",
        "group": "web",
        "time": "2001-09-09T01:46:40.000Z",
        "number": 1,
    }
    assert json.loads(second.event.line[2:])["number"] == 2


async def test_a_watcher_hears_of_its_topics_only() -> None:
    watchers = hub()
    with watchers.watching(("health",)) as watcher:
        task = await waiting(watcher)
        watchers.tell(TAKEN)
        await asyncio.sleep(0.01)
        assert not task.done()
        watchers.tell(SICK)
        told = await task
        assert told is not None
        assert told.topic == "health"


async def test_nothing_is_kept_while_nobody_watches_but_events_are_counted() -> None:
    watchers = hub()
    for _ in range(5):
        watchers.tell(TAKEN)
    assert watchers.end == 0
    with watchers.watching(("events",)) as watcher:
        watchers.tell(TAKEN)
        told = await watcher.next()
        assert told is not None
        assert json.loads(told.event.line[2:])["number"] == 6
    assert not watchers.watched("events")
    watchers.tell(TAKEN)
    assert watchers.end == 1


async def test_whoever_is_slower_than_the_list_is_long_is_told_so_and_goes_on() -> None:
    watchers = hub()
    with watchers.watching(("events",)) as slow, watchers.watching(("events",)) as quick:
        for _ in range(MOST_EVENTS):
            watchers.tell(TAKEN)
            assert await quick.next() is not None
        watchers.tell(TAKEN)
        assert await slow.next() is None
        watchers.tell(MemberChanged(member="dir2", status="dead"))
        told = await slow.next()
        assert told is not None
        assert told.fields["event"] == "member-changed"


async def test_large_events_make_the_list_shorter() -> None:
    watchers = hub()
    with watchers.watching(("status",)) as watcher:
        for _ in range(20):
            watchers.publish("status", {"padding": "x" * (MOST_CHARACTERS // 4)})
        assert watchers._characters <= MOST_CHARACTERS
        assert await watcher.next() is None
        watchers.publish("status", {"padding": "x" * (2 * MOST_CHARACTERS)})
        assert len(watchers._told) == 1
        assert await watcher.next() is not None


async def test_an_event_is_rendered_once_for_all() -> None:
    watchers = hub()
    with ExitStack() as stack:
        all_of_them = [stack.enter_context(watchers.watching(("events",))) for _ in range(50)]
        watchers.tell(TAKEN)
        lines = {id(told.event.line) for w in all_of_them if (told := await w.next())}
        assert len(lines) == 1


async def test_a_thousand_are_woken_a_few_at_a_time() -> None:
    watchers, turns = hub(), []
    with ExitStack() as stack:
        tasks = [
            await waiting(stack.enter_context(watchers.watching(("events",)))) for _ in range(1000)
        ]
        watchers.tell(TAKEN)
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            turns.append(sum(task.done() for task in tasks))
        steps = [b - a for a, b in zip([0, *turns], turns, strict=False)]
        assert max(steps) <= 50
        assert all(task.result() for task in tasks)


async def test_one_who_reads_much_lets_others_have_their_turn() -> None:
    watchers, turns = hub(), 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.get_running_loop().create_task(count())
    with watchers.watching(("events",)) as watcher:
        for _ in range(500):
            watchers.tell(TAKEN)
        for _ in range(500):
            assert await watcher.next() is not None
    task.cancel()
    assert turns >= 20


async def test_whoever_waits_for_watchers_is_woken_by_the_first() -> None:
    watchers = hub()
    task = asyncio.get_running_loop().create_task(watchers.wait_watched("status", "health"))
    with watchers.watching(("events",)):
        await asyncio.sleep(0.01)
        assert not task.done()
        with watchers.watching(("health",)):
            await task


async def test_a_watcher_that_is_gone_is_no_matter() -> None:
    watchers = hub()
    with watchers.watching(("events",)) as watcher:
        task = await waiting(watcher)
        with watchers.watching(("events",)) as other:
            watchers.tell(TAKEN)
            task.cancel()
            assert await other.next() is not None
