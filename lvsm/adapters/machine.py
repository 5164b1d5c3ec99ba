"""This machine as it is now: its kernel's release, its load, how long it is up, its disk's room."""

from __future__ import annotations

import os
from pathlib import Path

from lvsm.adapters import clock
from lvsm.core.facts import UNKNOWN_LOAD, Machine

EVERY_SECONDS = 5.0


class Gauge:
    """Measures now and then: the other nodes are told each second, and it changes slowly."""

    def __init__(self, folder: Path) -> None:
        """`folder` is as `measure` has it."""
        self._folder = folder
        self._seen: tuple[float, Machine] | None = None

    def __call__(self) -> Machine:
        """How this machine is, or was EVERY_SECONDS ago at most."""
        now = clock.monotonic()
        if self._seen is None or now - self._seen[0] >= EVERY_SECONDS:
            self._seen = now, measure(self._folder)
        return self._seen[1]


def measure(folder: Path, proc: Path = Path("/proc")) -> Machine:
    """Look now; `folder` is on the disk that is asked. What cannot be found out is left out.

    Sources: proc(5) for loadavg and uptime, statvfs(3).
    """
    return Machine(
        kernel=os.uname().release,
        load=_number(proc / "loadavg", UNKNOWN_LOAD),
        uptime_s=_number(proc / "uptime", 0.0),
        free_bytes=_free(folder),
    )


def _number(file: Path, otherwise: float) -> float:
    """The first number that a file has."""
    try:
        return float(file.read_text(encoding="ascii").split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return otherwise


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
