"""How many requests somebody may make a second: a bucket that fills with time.

Law: nobody is refused, only made to wait; over any stretch of `t` seconds at most
`at_once + per_second * t` requests pass, and whoever asks less often never waits.
"""

from __future__ import annotations


class Allowance:
    """The requests of one connection, or of all connections that share it."""

    def __init__(self, *, per_second: float, at_once: int) -> None:
        """`at_once` may come in a burst before `per_second` holds."""
        self._per_second = per_second
        self._at_once = at_once
        self._left = float(at_once)
        self._counted: float | None = None

    def take(self, now: float) -> float:
        """Seconds to wait before asking again, or 0.0 when the request may pass."""
        if self._counted is not None:
            filled = self._left + (now - self._counted) * self._per_second
            self._left = min(float(self._at_once), filled)
        self._counted = now
        if self._left < 1.0:
            return (1.0 - self._left) / self._per_second
        self._left -= 1.0
        return 0.0
