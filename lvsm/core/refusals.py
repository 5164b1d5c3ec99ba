"""Which refusals get a record of their own, and what is said of the others.

Law: whoever is refused, however often, costs the audit log at most `AT_ONCE` records, and after
that one record and one summary each `SECONDS`: about 2 MB a day, so that a flood neither fills the
disk nor drives the records of changes out of it. What is kept here is bounded.
"""

from __future__ import annotations

from lvsm.core.allowance import Allowance
from lvsm.core.audit import MoreRefused, bounded
from lvsm.core.moments import iso

AT_ONCE = 60
SECONDS = 30.0
MOST_ORIGINS = 256
SOME = 8


class Refusals:
    """The refusals of one node; `now` is monotonic seconds."""

    def __init__(self, node: str) -> None:
        """Nobody was refused yet."""
        self._node = node
        self._allowance = Allowance(per_second=1 / SECONDS, at_once=AT_ONCE)
        self._origins: dict[str, None] = {}
        self._uncounted = False
        self._count = 0
        self._since = 0.0

    def admit(self, origin: str, now: float) -> bool:
        """Somebody at `origin` was refused: whether that gets a record of its own."""
        if self._allowance.take(now) == 0.0:
            return True
        if not self._count:
            self._since = now
        self._count += 1
        origin = bounded(origin)
        if origin not in self._origins and len(self._origins) >= MOST_ORIGINS:
            self._uncounted = True
        else:
            self._origins[origin] = None
        return False

    def wait(self, now: float) -> float | None:
        """Seconds until a summary is due, 0.0 at most; None when there is nothing to sum up."""
        return max(0.0, self._since + SECONDS - now) if self._count else None

    def summary(self, at: float) -> MoreRefused | None:
        """The record of those that got none, which are forgotten then; `at` as in `Record`."""
        if not self._count:
            return None
        record = MoreRefused(
            seq=0,
            time=iso(at),
            at=at,
            node=self._node,
            count=self._count,
            origins=len(self._origins),
            uncounted=self._uncounted,
            some=tuple(self._origins)[:SOME],
        )
        self._origins, self._uncounted, self._count = {}, False, 0
        return record
