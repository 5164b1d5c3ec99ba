"""One run of the monitor: the spec, the protocol's file, the rounds, what plvsd and mon hear.

mon's side (mon(8), "MONITOR PROGRAMS"): exit status 0 when all are well; else the first line of
output names those that are not. It has no timeout of its own, and a monitor that a signal ends
counts as success; so a clock of ours ends the run by an exit status, whatever hangs.
"""

from __future__ import annotations

import sys
from _signal import ITIMER_REAL, SIGALRM, setitimer  # type: ignore[import-not-found]
from _signal import signal as on_signal  # `signal` itself costs 5 ms, for its enumerations
from posix import _exit as leave
from time import monotonic

from lvsm_checks.engine import Engine
from lvsm_checks.reporting import PATH, Reporter
from lvsm_checks.spec import FOLDER, BadSpecError, Spec, Target, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.probe import Probe

WELL, FAILED, UNKNOWN = 0, 1, 2
MODULES = {
    "tcp": "tcp",
    "http": "http",
    "https": "http",
    "expect": "expect",
    "udp": "expect",
    "smtp": "smtp",
    "dns": "dns",
    "ping": "ping",
}
"""The file of each type of check."""
BEFORE_END = 0.5
"""Seconds of its interval that a run leaves to mon, which counts in whole seconds."""
LAST_SECONDS = 0.3
"""How long plvsd's answer to the last report is waited for."""
SHORTEST_RUN = 10.0
SETTLED_SECONDS = 5.0
"""A run ends early so long after a realserver's last change, for mon to hear of it."""
SPARE_DESCRIPTORS = 24


class Run:
    """The results of a run, each target's last one."""

    def __init__(self, spec: Spec, make: Callable[[Target], Probe], socket_path: str) -> None:
        self.well: set[str] = set()
        self.failed: dict[str, str] = {}
        self.unknown: dict[str, str] = {}
        self._began = monotonic()
        self._changed: float | None = None
        self._engine = Engine(spec, make, self._found, most_open())
        self.reporter = Reporter(spec, self._engine.epoll, self._engine.others, socket_path)

    def go(self, targets: list[Target], until: float) -> None:
        """Check the targets until then (monotonic seconds)."""
        self._engine.run(targets, until, self._idle)
        for target in targets:
            if target.label not in self.well and target.label not in self.failed:
                self.unknown.setdefault(target.label, "not checked in this run")
        end = monotonic() + LAST_SECONDS
        while self.reporter.busy and (now := monotonic()) < end:
            self._engine.wait(min(end - now, self.reporter.flush(now, at_once=True)))

    def _idle(self, now: float) -> float:
        if self.reporter.refused:
            raise BadSpecError(f"plvsd: {self.reporter.refused}")
        changed = self._changed
        if changed is not None and now > max(changed + SETTLED_SECONDS, self._began + SHORTEST_RUN):
            return -1.0
        return self.reporter.flush(now)

    def _found(self, target: Target, outcome: str | None, why: str) -> None:
        known = self.failed if outcome == "" else self.well if outcome else ()
        if target.label in known:
            self._changed = monotonic()
        self.well.discard(target.label)
        self.failed.pop(target.label, None)
        self.unknown.pop(target.label, None)
        if outcome is None:
            self.unknown[target.label] = why
            self.reporter.add(target.label, "unknown", why)
        elif outcome:
            self.failed[target.label] = outcome
            self.reporter.add(target.label, "down", outcome)
        else:
            self.well.add(target.label)
            self.reporter.add(target.label, "up", "")


def most_open() -> int:
    """How many probes may be under way: all descriptors that the system allows, but a few."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):
            pass
    return max(1, soft - SPARE_DESCRIPTORS)


def prepare(spec: Spec) -> Callable[[Target], Probe]:
    """What makes probes for a type of check; raises BadSpecError."""
    name = MODULES.get(spec.type)
    if name is None:
        raise BadSpecError(f"there is no check {spec.type}")
    module = __import__(f"lvsm_checks.{name}", fromlist=("prepare",))
    made: Callable[[Target], Probe] = module.prepare(spec)
    return made


def check(arguments: list[str], folder: str, socket_path: str) -> tuple[int, str]:
    """Check what mon asks for; the exit status and the output."""
    try:
        spec = load(arguments[0], folder)
        _end_by_clock(spec.run)
        until = monotonic() + spec.run - BEFORE_END
        asked = frozenset(arguments[1:])
        targets = [target for target in spec.targets if not asked or target.label in asked]
        run = Run(spec, prepare(spec), socket_path)
        run.go(targets, until)
    except (BadSpecError, IndexError) as problem:
        return UNKNOWN, f"UNKNOWN {problem}\n"
    return told(run)


def told(run: Run) -> tuple[int, str]:
    """What mon hears: those that failed on the first line, and below it why."""
    if run.failed:
        first = " ".join(run.failed)
    else:
        first = "" if not run.unknown else "UNKNOWN " + " ".join(run.unknown)
    reasons = [f"{label}: {why}" for label, why in (*run.failed.items(), *run.unknown.items())]
    status = FAILED if run.failed else UNKNOWN if run.unknown else WELL
    return status, "\n".join([first, *reasons]) + "\n"


def _end_by_clock(seconds: float) -> None:
    on_signal(SIGALRM, lambda _number, _frame: leave(UNKNOWN))
    setitimer(ITIMER_REAL, seconds)


def main(arguments: list[str]) -> None:
    """Run, and leave without what an interpreter does at its end."""
    status, output = check(arguments, FOLDER, PATH)
    sys.stdout.write(output)
    sys.stdout.flush()
    leave(status)
