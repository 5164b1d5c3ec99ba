"""Changes of the state, found by comparing: status, health, config, and problems as events.

Laws: nothing is compared while nobody watches. A change is told within `PACE_SECONDS`, or twenty
times what the comparison takes, so that a large cluster's never takes more than a twentieth of the
loop's time. A snapshot and the events behind it leave nothing out between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lvsm.core.events import Happening, ProblemAppeared, ProblemVanished
from lvsm.core.generation_events import used
from lvsm.core.responses import Prepared
from lvsm.core.status import Document, Known, status
from lvsm.core.status_changes import ageless, realserver_changes, realservers
from lvsm.daemon.ports import Clock
from lvsm.daemon.watchers import Watchers

PACE_SECONDS = 0.25
SHARE = 20
TOPICS = ("status", "health", "config", "events")
WITH_SNAPSHOT = TOPICS[:3]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What was known when the watchers were told last, and the document it made."""

    known: Known
    document: Document
    at: float


class Feed:
    """Looks now and then, while somebody watches."""

    def __init__(self, *, clock: Clock, watchers: Watchers, known: Callable[[], Known]) -> None:
        """`known` takes the snapshot of which status documents are made."""
        self._clock = clock
        self._watchers = watchers
        self._known = known
        self._seen: _Seen | None = None
        self._fresh: _Seen | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._watchers.wait_watched(*TOPICS)
            self.begin()
            while self._watchers.watched(*TOPICS):
                began = self._clock.monotonic()
                self.look()
                took = self._clock.monotonic() - began
                await asyncio.sleep(max(PACE_SECONDS, SHARE * took))
            self._seen = self._fresh = None

    def begin(self) -> None:
        """From here on, what changes is told; `snapshots` says it too."""
        if self._seen is None:
            self._seen = self._look()

    def snapshots(self, topics: frozenset[str]) -> Iterator[Prepared]:
        """The state that a watcher begins with, an event for each topic that has one."""
        self.begin()
        now = self._clock.monotonic()
        if self._fresh is None or now - self._fresh.at > PACE_SECONDS:
            self._fresh = self._look()
        for topic in WITH_SNAPSHOT:
            if topic in topics:
                fields = _SNAPSHOTS[topic](self._fresh)
                yield self._watchers.prepared(topic, fields, snapshot=True)

    def look(self) -> None:
        """Tell what has changed since the last look."""
        before = self._seen
        known = self._known()
        if before is None or _same(before.known, known):
            return
        after = self._seen = self._fresh = self._look(known)
        for change in realserver_changes(before.document, after.document):
            self._watchers.tell(change)
        if known.generation.order != before.known.generation.order:
            self._watchers.tell(used(known.generation))
        for happening in _problem_changes(before.document, after.document):
            self._watchers.tell(happening)
        if ageless(before.document) != ageless(after.document):
            self._watchers.publish("status", {"status": after.document})

    def _look(self, known: Known | None = None) -> _Seen:
        known = known or self._known()
        return _Seen(known=known, document=status(known), at=self._clock.monotonic())


def _same(a: Known, b: Known) -> bool:
    """Whether two snapshots make the same document, ages aside; large parts are one object."""
    return (
        a.generation is b.generation
        and a.configuration is b.configuration
        and a.group_of == b.group_of
        and a.facts == b.facts
        and a.statuses == b.statuses
        and a.overlay is b.overlay
        and a.health is b.health
        and a.fresh == b.fresh
        and a.held_for.keys() == b.held_for.keys()
    )


def _problem_changes(before: Document, after: Document) -> list[Happening]:
    old, new = before["problems"], after["problems"]
    return [
        *(ProblemAppeared(problem=problem) for problem in new if problem not in old),
        *(ProblemVanished(problem=problem) for problem in old if problem not in new),
    ]


def _health(seen: _Seen) -> Document:
    return {
        "realservers": [
            {
                "vip": vip,
                "realserver": name,
                "port": port,
                "state": member["state"],
                "reason": member["reason"],
            }
            for (vip, name, port), member in realservers(seen.document).items()
        ]
    }


_SNAPSHOTS: dict[str, Callable[[_Seen], Document]] = {
    "status": lambda seen: {"status": seen.document},
    "health": _health,
    "config": lambda seen: used(seen.known.generation).document(),
}
