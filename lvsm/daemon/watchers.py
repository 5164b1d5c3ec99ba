"""Who watches, and what they are told: one short list of events, read by all at their own pace.

Laws: telling something costs nothing while nobody watches its topic. An event is rendered once,
however many get it. Watchers are woken a few at a time, so that a thousand of them never hold up
the loop. Whoever is slower than the list is long has fallen behind: they are told so and look anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lvsm.core.events import Happening
from lvsm.core.moments import iso
from lvsm.core.responses import Event, Prepared
from lvsm.daemon.ports import Clock

MOST_EVENTS = 1_000
MOST_CHARACTERS = 4 * 1024 * 1024
"""What is kept for those who have not read it yet; the newest event is kept whatever its size."""
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Told:
    """An event in the list: of which topic, its own fields, and its line."""

    topic: str
    fields: Mapping[str, Any]
    event: Prepared


class Watchers:
    """One node's; used in one event loop."""

    def __init__(self, *, node: str, clock: Clock) -> None:
        """`node` is told with each event, and so is the time by `clock`."""
        self._node = node
        self._clock = clock
        self._number = 0
        self._told: deque[Told] = deque()
        self._characters = 0
        self._end = 0
        self._watchers: dict[Watcher, None] = {}
        self._topics: Counter[str] = Counter()
        self._came = asyncio.Event()
        self._asleep: deque[asyncio.Future[None]] = deque()

    def tell(self, happening: Happening) -> None:
        """Something happened."""
        if self.watched(happening.topic):
            self.publish(happening.topic, happening.document())
        else:
            self._number += 1

    def publish(self, topic: str, fields: Mapping[str, Any]) -> None:
        """Tell those who watch `topic`."""
        self._number += 1
        if not self.watched(topic):
            return
        event = self.prepared(topic, fields)
        self._told.append(Told(topic, fields, event))
        self._end += 1
        self._characters += len(event.line)
        while len(self._told) > MOST_EVENTS or (
            self._characters > MOST_CHARACTERS and len(self._told) > 1
        ):
            self._characters -= len(self._told.popleft().event.line)
        self._rouse(topic)

    def prepared(self, topic: str, fields: Mapping[str, Any], **more: object) -> Prepared:
        """An event as it is told: with its topic, number, time and node."""
        now = self._clock.now()
        head = {"event": topic, "topic": topic, "number": self._number, "time": iso(now), "at": now}
        return Event({**head, "node": self._node, **more, **fields}).prepared()

    def watched(self, *topics: str) -> bool:
        """Whether somebody watches one of them."""
        return any(self._topics[topic] for topic in topics)

    async def wait_watched(self, *topics: str) -> None:
        """Wait until somebody watches one of them."""
        while not self.watched(*topics):
            self._came.clear()
            await self._came.wait()

    @contextmanager
    def watching(self, topics: Collection[str]) -> Iterator[Watcher]:
        """Be told of everything in `topics` from now on."""
        watcher = Watcher(self, frozenset(topics), self._end)
        self._watchers[watcher] = None
        self._topics.update(watcher.topics)
        self._came.set()
        try:
            yield watcher
        finally:
            del self._watchers[watcher]
            self._topics.subtract(watcher.topics)
            if not self._watchers:
                self._told.clear()
                self._characters = 0

    # a watcher's calls

    @property
    def end(self) -> int:
        """The place behind the newest event."""
        return self._end

    def at(self, place: int) -> Told | None:
        """What was told at a place, None when it is not kept any more."""
        index = place - (self._end - len(self._told))
        return self._told[index] if index >= 0 else None

    # inside

    def _rouse(self, topic: str) -> None:
        """Wake who waits for a topic, a few now and the others as soon as the loop was round."""
        idle = not self._asleep
        for watcher in self._watchers:
            if topic in watcher.topics and watcher.sleep is not None:
                self._asleep.append(watcher.sleep)
                watcher.sleep = None
        if idle and self._asleep:
            asyncio.get_running_loop().call_soon(self._wake_some)

    def _wake_some(self) -> None:
        for _ in range(min(AT_ONCE, len(self._asleep))):
            sleep = self._asleep.popleft()
            if not sleep.done():
                sleep.set_result(None)
        if self._asleep:
            asyncio.get_running_loop().call_soon(self._wake_some)


class Watcher:
    """One reader of the list; made by `Watchers.watching`."""

    def __init__(self, watchers: Watchers, topics: frozenset[str], place: int) -> None:
        """`place` is where to begin."""
        self._watchers = watchers
        self._place = place
        self._in_a_row = 0
        self.topics = topics
        self.sleep: asyncio.Future[None] | None = None

    async def next(self) -> Told | None:
        """The next event of its topics; None when some were missed, and on it goes behind them."""
        while True:
            while self._place < self._watchers.end:
                told = self._watchers.at(self._place)
                if told is None:
                    self.skip()
                    return None
                self._place += 1
                if told.topic in self.topics:
                    await self._breathe()
                    return told
            self._in_a_row = 0
            self.sleep = asyncio.get_running_loop().create_future()
            await self.sleep

    def skip(self) -> None:
        """Forget what was told until now: everything was looked at anew."""
        self._place = self._watchers.end

    async def _breathe(self) -> None:
        """Let others have their turn when there is much to tell."""
        self._in_a_row += 1
        if self._in_a_row % AT_ONCE == 0:
            await asyncio.sleep(0)
