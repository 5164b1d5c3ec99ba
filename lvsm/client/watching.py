"""Being told of what happens, as flows: over a connection of its own, on another node if need be.

Laws: whoever iterates is told by a `resync` event when something may be missing before it; what
comes behind it says how things are now. A node that says nothing for long is asked whether it is
still there. A watch that breaks goes on at the next node, but not in circles: after as many breaks
as there are nodes, with no event between them, it ends with the error. Whoever wants to be told of
such errors may have it go on instead: for ever, and after longer and longer rests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lvsm.client.cluster import Cluster
from lvsm.client.effects import Flow, Rest
from lvsm.client.errors import UnreachableError, summed_up
from lvsm.client.link import Asking, Link, ask, exchange
from lvsm.core.conversation import Happened, Happening

RESYNC = "resync"
FIRST_REST = 0.5
LONGEST_REST = 15.0
"""Seconds before a watch that was lost is tried again: doubled each time, up to the longest."""

Lost = Callable[[UnreachableError, float], None]
"""Told why a watch was lost, and in how many seconds it is tried again."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `fields` as docs/protocol.md has them."""

    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The code of what happened."""
        return str(self.fields.get("event", ""))

    @property
    def resync(self) -> bool:
        """Whether events may be missing here."""
        return self.name == RESYNC


class Watching:
    """One watch; `moves` says whether another node would do as well."""

    def __init__(
        self,
        cluster: Cluster,
        asking: Asking,
        *,
        moves: bool,
        lost: Lost | None = None,
        again: Callable[[], Asking] | None = None,
    ) -> None:
        """Nothing is asked yet.

        With `lost`, a watch that has begun goes on until it is closed; `again` is what is asked
        from the second time on.
        """
        self._cluster = cluster
        self._asking = asking
        self._moves = moves
        self._lost = lost
        self._again = again
        self._index = 0
        self._rests = 0
        self._events: deque[Event] = deque()
        self._link: Link | None = None
        self._asked: float | None = None
        self._begun = False
        self._breaks = 0

    def begin(self) -> Flow[None]:
        """Be watching from here on. Raises RefusedError, and as `Cluster.ready`."""
        if self._link is not None:
            return
        failures = []
        for index in self._turn():
            link = None
            try:
                link = yield from self._cluster.enter(index)
                yield from self._ask(link)
            except UnreachableError as error:
                failures.append(error)
            else:
                self._index = index
                return
            finally:
                if link is not None and link is not self._link:
                    link.wire.close()
        raise summed_up(failures)

    def next(self, seconds: float | None = None) -> Flow[Event | None]:
        """The next event; None when none came for `seconds`. Raises as `begin`."""
        now = self._cluster.world.now
        deadline = None if seconds is None else now() + seconds
        while not self._events:
            if deadline is not None and self._rests and now() >= deadline:
                return None
            try:
                yield from self.begin()
            except UnreachableError as error:
                yield from self._rest(error, deadline)
                continue
            try:
                yield from self._hear(deadline)
            except TimeoutError:
                if deadline is not None and now() >= deadline:
                    return None
                yield from self._wonder(deadline)
            except UnreachableError as error:
                yield from self._broken(error, deadline)
        return self._events.popleft()

    def close(self) -> None:
        """End it."""
        link, self._link = self._link, None
        if link is not None:
            link.wire.close()

    def _turn(self) -> list[int]:
        if not self._begun:
            return self._cluster.turn()
        return self._cluster.turn(1) if self._moves else [self._index]

    def _ask(self, link: Link) -> Flow[None]:
        limit = self._cluster.settings.deadlines.request
        asking = self._again() if self._begun and self._again is not None else self._asking
        response = yield from ask(link, asking, limit, self._cluster.world)
        if self._begun:
            self._events.append(Event({"event": RESYNC}))
        self._events.extend(Event(item) for item in response.items)
        self._take(link.happened)
        self._begun, self._link, self._asked = True, link, None

    def _hear(self, deadline: float | None) -> Flow[None]:
        """Take what comes; raises TimeoutError when it is time for something else."""
        if self._link is None or self._events:
            return
        deadlines = self._cluster.settings.deadlines
        if self._asked is None:
            until = self._link.heard + deadlines.idle
        else:
            until = self._asked + deadlines.request
        until = until if deadline is None else min(until, deadline)
        self._take((yield from exchange(self._link, until, self._cluster.world)))
        self._asked = None

    def _take(self, happenings: Iterable[Happening]) -> None:
        """Keep what happened; an answer can only be NOOP's."""
        for happening in happenings:
            if isinstance(happening, Happened):
                self._events.append(Event(happening.fields))
                self._breaks = self._rests = 0

    def _wonder(self, deadline: float | None) -> Flow[None]:
        """Nothing was heard for long: ask, or give up the node that did not answer that."""
        if self._link is None:
            return
        if self._asked is None:
            self._link.conversation.request("NOOP")
            self._asked = self._cluster.world.now()
        else:
            silent = UnreachableError(f"{self._link.address}: plvsd has fallen silent")
            yield from self._broken(silent, deadline)

    def _broken(self, error: UnreachableError, deadline: float | None) -> Flow[None]:
        """Go on elsewhere, if that makes sense."""
        self.close()
        self._breaks += 1
        if not self._moves or self._breaks > len(self._cluster.settings.addresses):
            yield from self._rest(error, deadline)

    def _rest(self, error: UnreachableError, deadline: float | None) -> Flow[None]:
        """Wait before it is tried again, if it is."""
        if self._lost is None or not self._begun:
            raise error
        seconds = min(LONGEST_REST, FIRST_REST * 2 ** min(self._rests, 8))
        self._rests += 1
        self._lost(error, seconds)
        left = seconds if deadline is None else deadline - self._cluster.world.now()
        yield Rest(max(0.0, min(seconds, left)))
