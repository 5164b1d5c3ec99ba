"""How far another machine's clock is from this one's, by requests and their answers.

The other clock was read between the request's departure and the answer's arrival, so half of that
time is how far the estimate may be off (as NTP has it, RFC 5905, section 8). Law: of the last few
samples the one that took least time counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request: seconds by which the other clock is ahead, and by which that may be off."""

    ahead: float
    off_by: float


def sample(*, theirs: float, answered: float, took: float) -> Sample:
    """From the other clock's reading, and when the answer came (both seconds since 1970).

    `took` is how long the answer took, in seconds of a clock that nobody sets.
    """
    return Sample(ahead=theirs - (answered - took / 2), off_by=took / 2)


def estimate(samples: Iterable[Sample]) -> Sample | None:
    """The best of the samples; None without any."""
    return min(samples, key=lambda one: one.off_by, default=None)
