"""The only reader of the machine's clock."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since 1970 (UTC)."""
    return time.time()  # noqa: TID251  this is the clock


def monotonic() -> float:
    """Seconds since some moment; never goes back."""
    return time.monotonic()
