"""How fast heartbeat notices a death: the presets, and times of one's own.

A time of one's own is four of heartbeat's, in the order in which they grow:
`keepalive/warntime/deadtime/initdead`, as in `200ms/600ms/1/30`.
Source: ha.cf(5); the presets' figures were measured, see docs/measured.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvsm.core import ha_cf
from lvsm.core.names import did_you_mean, quoted
from lvsm.core.readers import Wrong

NAMES = ("keepalive", "warntime", "deadtime", "initdead")
_SHORTEST_KEEPALIVE = 20
_LONGEST = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """heartbeat's four times in milliseconds."""

    keepalive: int
    warntime: int
    deadtime: int
    initdead: int

    def times(self) -> Mapping[str, int]:
        """The same by ha.cf's words."""
        return {name: getattr(self, name) for name in NAMES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Times with a name, and what they mean for whoever waits for a takeover."""

    timing: Timing
    meaning: str


PRESETS: Mapping[str, Preset] = {
    "quick": Preset(
        timing=Timing(keepalive=100, warntime=300, deadtime=500, initdead=30_000),
        meaning="10 packets a second; dead after 0.5 s, taken over about 0.6 s later. For real"
        " machines on a network of their own: a machine that stands still for half a second,"
        " as a virtual one may, loses its addresses.",
    ),
    "normal": Preset(
        timing=Timing(keepalive=200, warntime=600, deadtime=1_000, initdead=30_000),
        meaning="5 packets a second; dead after 1 s, taken over within 1.5 s.",
    ),
    "calm": Preset(
        timing=Timing(keepalive=1_000, warntime=3_000, deadtime=5_000, initdead=60_000),
        meaning="1 packet a second; dead after 5 s. For virtual machines that are moved or"
        " stand still for seconds, and for networks that lose packets.",
    ),
    "stock": Preset(
        timing=Timing(keepalive=2_000, warntime=10_000, deadtime=30_000, initdead=120_000),
        meaning="what heartbeat itself proposes: dead after 30 s.",
    ),
}


def read(text: str) -> Timing:
    """A preset's name, or four times; raises Wrong."""
    if text in PRESETS:
        return PRESETS[text].timing
    parts = text.split("/")
    if len(parts) == 1:
        advice = f"{did_you_mean(text, PRESETS)} Times of your own are written {EXAMPLE}."
        raise Wrong("choice", f"{quoted(text)} is no preset", advice)
    if len(parts) != len(NAMES):
        raise Wrong("time", f"{quoted(text)} are not four times", f"Write them like {EXAMPLE}.")
    try:
        times = [ha_cf.milliseconds(part.strip()) for part in parts]
    except ValueError as error:
        raise Wrong("time", f"{quoted(text)}: {error}", f"Write them like {EXAMPLE}.") from None
    timing = Timing(**dict(zip(NAMES, times, strict=True)))
    _check(timing)
    return timing


EXAMPLE = "200ms/600ms/1/30, which is keepalive/warntime/deadtime/initdead"


def _check(timing: Timing) -> None:
    if timing.keepalive < _SHORTEST_KEEPALIVE or timing.initdead > _LONGEST:
        raise Wrong(
            "time",
            "keepalive is below 20 ms, or initdead above an hour",
            "Choose times between those.",
        )
    if timing.deadtime <= 2 * timing.keepalive:
        raise Wrong(
            "time",
            "deadtime is not more than twice keepalive: one lost packet would be a death",
            "Choose a deadtime of five times keepalive.",
        )
    if not timing.keepalive < timing.warntime <= timing.deadtime <= timing.initdead:
        raise Wrong(
            "time",
            "the times do not grow: keepalive, warntime, deadtime, initdead",
            "warntime lies between keepalive and deadtime, and initdead is no less than deadtime.",
        )


def show(timing: Timing) -> str:
    """The preset's name, else the four times; `read` reads it back."""
    for name, preset in PRESETS.items():
        if preset.timing == timing:
            return name
    return "/".join(f"{getattr(timing, name)}ms" for name in NAMES)
