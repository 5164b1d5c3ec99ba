"""How states, times and numbers are said. Pure.

Law: a state is a word and a mark; colour only repeats them. The words are those of `lvsm status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

MARKS: Mapping[str, tuple[str, str]] = {
    "OK": ("●", "good"),
    "serving": ("●", "good"),
    "in use": ("●", "good"),
    "saved": ("●", "quiet"),
    "unconfirmed": ("▲", "warn"),
    "conflict": ("▲", "warn"),
    "up": ("●", "good"),
    "external": ("●", "good"),
    "degraded": ("▲", "warn"),
    "draining": ("◐", "warn"),
    "standby": ("◐", "warn"),
    "joining": ("◐", "warn"),
    "sorry": ("▲", "warn"),
    "not eligible": ("▲", "warn"),
    "unreachable": ("▲", "warn"),
    "disabled": ("○", "quiet"),
    "unknown": ("?", "quiet"),
    "down": ("✕", "bad"),
    "dead": ("✕", "bad"),
    "held twice": ("✕", "bad"),
}
"""Each state's mark, and how much it matters: good, quiet, warn or bad."""
_URGENCY = {"bad": 0, "warn": 1, "quiet": 2, "good": 3}
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def mark(state: str | None) -> str:
    """The mark of a state."""
    return MARKS.get(state or "unknown", ("?", "quiet"))[0]


def tone(state: str | None) -> str:
    """How much a state matters."""
    return MARKS.get(state or "unknown", ("?", "quiet"))[1]


def urgency(state: str | None) -> int:
    """What sorts those in front that need a person."""
    return len(_URGENCY) if state == "disabled" else _URGENCY[tone(state)]


def duration(seconds: float | None) -> str:
    """`now`, `42 s`, `3 m`, `6 d`: the largest unit that fits, as one reads it."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return "now"
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def ago(seconds: float | None) -> str:
    """A duration as something in the past."""
    said = duration(seconds)
    return said if said in ("–", "now") else f"{said} ago"


def clock(seconds: float) -> str:
    """Seconds since 1970 as the time of day (UTC)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def number(value: float | None) -> str:
    """A number with its thousands apart, a dash for none."""
    if value is None:
        return "–"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"


def size(value: float | None) -> str:
    """Bytes in the unit that fits."""
    if value is None:
        return "–"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def ports(vip: Mapping[str, object]) -> str:
    """What a virtual service listens to: `:80,443`, `:53/udp`, `mark 7`."""
    found = vip.get("ports")
    listed = ",".join(map(str, found)) if isinstance(found, list) else str(found or "")
    text = f":{listed}" if listed else ""
    if vip.get("protocol") not in (None, "tcp"):
        text += f"/{vip['protocol']}"
    if vip.get("fwmark"):
        text += f" mark {vip['fwmark']}"
    return text


def where(vip: Mapping[str, object]) -> str:
    """A virtual service's address as one types it."""
    address = str(vip.get("address", ""))
    shown = ports(vip)
    return (f"[{address}]" if ":" in address and shown.startswith(":") else address) + shown
