"""The verb of who wants to be told: WATCH."""

from __future__ import annotations

import asyncio
from functools import partial

from lvsm.core.events import TOPICS
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.session_actions import Request
from lvsm.daemon.feed import Feed
from lvsm.daemon.requests import Ongoing, Verb, Verbs, readers
from lvsm.daemon.watchers import Watcher, Watchers

RESYNC = {"event": "resync"}
AGAIN_SECONDS = 0.1


class WatchVerbs:
    """Tells watchers how things are, and then what happens."""

    def __init__(self, *, watchers: Watchers, feed: Feed) -> None:
        """`feed` finds the changes of the state."""
        self._watchers = watchers
        self._feed = feed

    def table(self) -> Verbs:
        """Each verb with its handler."""
        topics = ", ".join(TOPICS)
        return {
            "WATCH": Verb(self.watch, readers, f"events as they happen: WATCH topic... ({topics})")
        }

    async def watch(self, request: Request, reply: Reply) -> Ongoing:
        """Snapshots of what has one, then events until the connection ends."""
        topics = frozenset(request.args)
        unknown = sorted(topics - TOPICS.keys())
        if unknown or not topics:
            wrong = f"there is no topic {unknown[0][:40]!r}" if unknown else "WATCH names topics"
            raise BadRequestError(f"{wrong}: there are {', '.join(TOPICS)}")
        names = ", ".join(topic for topic in TOPICS if topic in topics)
        return Ongoing(f"watching {names}", partial(self._follow, reply, topics))

    async def _follow(self, reply: Reply, topics: frozenset[str]) -> None:
        with self._watchers.watching(topics) as watcher:
            await self._begin(reply, watcher)
            while True:
                told = await watcher.next()
                await reply.drain()
                if told is None:
                    reply.event(RESYNC)
                if told is None or not reply.event(told.event):
                    await self._begin(reply, watcher)

    async def _begin(self, reply: Reply, watcher: Watcher) -> None:
        """Tell how things are, until it was not dropped."""
        whole = False
        while not whole:
            await reply.drain()
            watcher.skip()
            whole = all(reply.event(event) for event in self._feed.snapshots(watcher.topics))
            if not whole:
                await asyncio.sleep(AGAIN_SECONDS)
