"""What is known of the connection to another node: since when, what went wrong last, how slow."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from lvsm.core.skew import Sample, estimate, sample
from lvsm.daemon.ports import Clock

SAMPLES = 8


@dataclass(slots=True, kw_only=True)
class LinkState:
    """One connection's; moments are monotonic seconds."""

    since: float | None = None
    error: str = ""
    error_at: float = 0.0
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=SAMPLES))

    def connected(self, clock: Clock) -> None:
        """It stands."""
        self.since = clock.monotonic()

    def failed(self, error: str, clock: Clock) -> None:
        """It could not be made, or broke."""
        self.since = None
        self.error = error
        self.error_at = clock.monotonic()

    def answered(self, answer: object, sent: float, clock: Clock) -> None:
        """Facts were answered; `sent` is when they went out. An older node tells no time."""
        items = getattr(answer, "items", None) or ()
        theirs = items[0].get("now") if items else None
        if isinstance(theirs, int | float):
            took = clock.monotonic() - sent
            self.samples.append(sample(theirs=theirs, answered=clock.now(), took=took))

    @property
    def skew(self) -> Sample | None:
        """How far the other node's clock is ahead of this one's."""
        return estimate(self.samples)
