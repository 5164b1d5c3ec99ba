"""The fuzzer: draws inputs, feeds them to a target, and keeps what broke a law.

The laws of every target: nothing but LvsmError comes out; no input takes more than `SLOW` times
what is usual for its size; and whatever the target's `run` says besides. Usual is what the quickest
quarter of the inputs of its size or a smaller one stays under, what the dearest seed takes, or what
a byte of the dearest seed takes for each byte: work that grows faster than its input is found, and
honest work is not.

An input that ends in a way that was not seen before (another answer, or another place in the code
that refused it) joins the inputs that are mutated. Times are the thread's own, and a slow input
is measured again before it counts, so that a busy machine does no harm.
"""

from __future__ import annotations

import heapq
import time
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType

from lvsm.core.errors import LvsmError
from tests.fuzz.mutate import mutated
from tests.fuzz.target import BrokenLawError, Target

SLOW = 10.0
LEAST = 50e-6
"""Seconds: below it, what is measured is the measuring."""
CORPUS = 1_000
SLOWEST = 8
SAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An input that broke a law, and how."""

    data: bytes
    error: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What came of fuzzing one target; `slowest` is a ratio to what is usual for its size."""

    target: str
    inputs: int = 0
    refused: int = 0
    kinds: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    findings: list[Finding] = field(default_factory=list)


class Fuzzer:
    """Fuzzes one target; the same seed draws the same inputs."""

    def __init__(self, target: Target, seed: int) -> None:
        """Nothing was tried yet."""
        self._target = target
        self._rng = Random(f"{target.name} {seed}")
        self._corpus = list(target.seeds)
        self._seen: set[Hashable] = set()
        self._broken: set[str] = set()
        self._times: dict[int, list[float]] = defaultdict(list)
        self._slowest: dict[int, list[tuple[float, bytes]]] = defaultdict(list)
        self.report = Report(target=target.name)

    def run(self, *, inputs: int, seconds: float) -> Report:
        """Try so many inputs, or for so long, whichever ends first; then look at the slow ones."""
        began = time.monotonic()
        self._run(self._target.make(Random(1)))  # whatever is imported late is imported now
        for data in self._target.seeds:
            self.try_one(data)
        while self.report.inputs < inputs and time.monotonic() - began < seconds:
            self.try_one(self._draw())
        self._look_at_the_slow()
        self.report.seconds = time.monotonic() - began
        self.report.kinds = len(self._seen)
        return self.report

    def try_one(self, data: bytes) -> None:
        """Feed one input."""
        began = time.thread_time()
        kind = self._run(data)
        taken = time.thread_time() - began
        self.report.inputs += 1
        self._note_time(data, taken)
        if kind not in self._seen:
            self._seen.add(kind)
            self._keep(data)

    def _draw(self) -> bytes:
        rng = self._rng
        if rng.random() < 0.3:
            return self._target.make(rng)[: self._target.most]
        base = self._target.make(rng) if rng.random() < 0.3 else rng.choice(self._corpus)
        return mutated(base, self._target, self._corpus, rng)

    def _run(self, data: bytes) -> Hashable:
        try:
            return self._target.run(data)
        except BrokenLawError as error:
            return self._found(data, f"broken law: {error}", error.__traceback__)
        except LvsmError as error:
            self.report.refused += 1
            return type(error), error.code, _place(error.__traceback__)
        except Exception as error:  # noqa: BLE001  any other one is what is looked for
            return self._found(data, repr(error)[:200], error.__traceback__)

    def _found(self, data: bytes, error: str, trace: TracebackType | None) -> Hashable:
        place = _place(trace)
        if repr(place) not in self._broken:
            self._broken.add(repr(place))
            self.report.findings.append(Finding(data=data, error=error))
        return error, place

    def _keep(self, data: bytes) -> None:
        if len(self._corpus) < CORPUS:
            self._corpus.append(data)
        else:
            self._corpus[self._rng.randrange(len(self._target.seeds), CORPUS)] = data

    def _note_time(self, data: bytes, taken: float) -> None:
        size = len(data).bit_length()
        times, slowest = self._times[size], self._slowest[size]
        if len(times) < SAMPLES:
            times.append(taken)
        else:
            times[self._rng.randrange(SAMPLES)] = taken
        if len(slowest) < SLOWEST:
            heapq.heappush(slowest, (taken, data))
        elif taken > slowest[0][0]:
            heapq.heapreplace(slowest, (taken, data))

    def _look_at_the_slow(self) -> None:
        seeds = {seed: self._least_time(seed) for seed in self._target.seeds}
        a_byte = max(taken / len(seed) for seed, taken in seeds.items())
        typical = max(LEAST, *seeds.values())
        for size in sorted(self._times):
            typical = max(typical, _quarter(self._times[size]))
            for taken, data in self._slowest[size]:
                usual = max(typical, a_byte * len(data))
                ratio = taken / usual
                if ratio > SLOW / 2:
                    ratio = min(ratio, self._least_time(data) / usual)
                self.report.slowest = max(self.report.slowest, ratio)
                if ratio > SLOW:
                    what = f"{ratio:.0f} times as long as usual for {len(data)} bytes"
                    self.report.findings.append(Finding(data=data, error=what))

    def _least_time(self, data: bytes) -> float:
        return min(self._timed(data) for _ in range(4))

    def _timed(self, data: bytes) -> float:
        began = time.thread_time()
        self._run(data)
        return time.thread_time() - began


def _quarter(times: list[float]) -> float:
    """What the quickest quarter stays under: the slow ones may be more than half of a size."""
    return sorted(times)[len(times) // 4]


def _place(trace: TracebackType | None) -> Hashable:
    """Where in LVSM's code an exception came from: its last three lines there."""
    found: list[tuple[str, int]] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if "/lvsm/" in code.co_filename:
            found.append((code.co_filename.rpartition("/")[2], trace.tb_lineno))
        trace = trace.tb_next
    return tuple(found[-3:])
