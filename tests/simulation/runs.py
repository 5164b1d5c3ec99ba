"""Many histories on all processors, and what they reached."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.simulation import chaos
from tests.simulation.tally import Tally

BATCH = 250
"""Histories that one process runs before it reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A history in which a law was broken, and what it was."""

    seed: int
    said: str


def batch(first: int, count: int) -> tuple[Tally, Broken | None]:
    """The histories of so many seeds, up to the first that breaks a law."""
    tally: Tally = Counter()
    for seed in range(first, first + count):
        try:
            tally.update(chaos.run(seed).tally)
        except Exception as error:  # noqa: BLE001  whatever it is, its seed has to be told
            return tally, Broken(seed=seed, said=f"{type(error).__name__}: {error}")
    return tally, None


def histories(first: int, count: int, processes: int = 0) -> tuple[Tally, Broken | None]:
    """`count` histories from the seed `first` on; stops at the first batch with a broken law.

    A process that is killed ends it with an error (BrokenProcessPool), and does not let it hang.
    """
    tally: Tally = Counter()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=spawn) as pool:
        for reached, broken in pool.map(_batch, _batches(first, count)):
            tally.update(reached)
            if broken is not None:
                pool.shutdown(cancel_futures=True)
                return tally, broken
    return tally, None


def _batch(which: tuple[int, int]) -> tuple[Tally, Broken | None]:
    return batch(*which)


def _batches(first: int, count: int) -> Iterator[tuple[int, int]]:
    for start in range(first, first + count, BATCH):
        yield start, min(BATCH, first + count - start)
