"""What one connection's requests still lead to, in the order in which they came.

Law: a request is given out when the one before it has its answer and the allowance permits it, and
nothing that stands behind a request overtakes it. What the session answers itself (NOOP, HELP, what
is refused) counts against the allowance too.
"""

from __future__ import annotations

from collections import deque

from lvsm.core.allowance import Allowance
from lvsm.core.responses import Err, Listing, Ok, Response
from lvsm.core.session_actions import Close, Request, Wait

Entry = Request | Response | Close


class Queue:
    """Put entries in, and take them out when their time has come."""

    def __init__(self, allowance: Allowance) -> None:
        """Nothing waits."""
        self._allowance = allowance
        self._entries: deque[Entry] = deque()
        self._in_flight = False
        self._resting = False

    def __len__(self) -> int:
        """How many entries wait."""
        return len(self._entries)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and nothing waits for the allowance."""
        return not (self._in_flight or self._resting)

    @property
    def closing(self) -> bool:
        """Whether the end is in sight, so that nothing more is put in."""
        return bool(self._entries) and isinstance(self._entries[-1], Close)

    def put(self, entry: Entry) -> None:
        """Add what comes next."""
        self._entries.append(entry)

    def take(self, now: float) -> Entry | Wait | None:
        """The next entry; a Wait before it; None when there is none now."""
        if not self._entries or not self.idle:
            return None
        first = self._entries[0]
        if isinstance(first, Request | Ok | Err | Listing) and (
            seconds := self._allowance.take(now)
        ):
            self._resting = True
            return Wait(seconds)
        if isinstance(first, Request):
            self._in_flight = True
        return self._entries.popleft()

    def rest(self) -> None:
        """Nothing comes out until `rested` is said."""
        self._resting = True

    def answered(self) -> None:
        """The request that was given out has its answer."""
        self._in_flight = False

    def rested(self) -> None:
        """The Wait is over."""
        self._resting = False

    def clear(self) -> None:
        """Nothing of it is wanted any more."""
        self._entries.clear()
