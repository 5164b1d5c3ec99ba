"""A clock that a test sets."""

from __future__ import annotations


class FakeClock:
    """Stands still until `pass_by`."""

    def __init__(self, now: float = 1e9) -> None:
        self.at = now

    def pass_by(self, seconds: float) -> None:
        self.at += seconds

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - 9e8
