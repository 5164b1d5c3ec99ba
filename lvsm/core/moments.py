"""Moments as people and programs write them: UTC, ISO 8601 to the millisecond, or how long ago.

Law: moment(iso(x), now) is x to the millisecond, whatever `now` is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lvsm.core.errors import LvsmError

DAY = 86400
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
"""How many seconds each letter behind a number stands for."""

_AGO = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([smhdw]?)", re.ASCII)


class BadMomentError(LvsmError):
    """A text that says no moment."""

    code = "bad-request"


def iso(seconds: float) -> str:
    """Seconds since 1970 as `2026-11-24T19:49:16.123Z`; raises ValueError outside of years 1-9999.

    Rounded down, so that texts sort as the moments do.
    """
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def moment(text: str, now: float) -> float:
    """Seconds since 1970 of `90`, `90s`, `5m`, `2h`, `7d`, `1w` ago, or of an ISO 8601 time.

    A time without an offset is UTC. Raises BadMomentError.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - float(ago[1]) * UNITS[ago[2]]
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadMomentError(
            f"{text[:40]!r} is no time: 90, 5m, 2h and 7d say how long ago,"
            " 2026-11-24T19:49:16Z says when"
        ) from None


def span(text: str) -> float:
    """Seconds of `90`, `90s`, `5m`, `2h`, `7d`, `1w`. Raises BadMomentError."""
    found = _AGO.fullmatch(text)
    if found is None:
        raise BadMomentError(f"{text[:40]!r} is no time: 90, 90s, 5m, 2h say how long")
    return float(found[1]) * UNITS[found[2]]
