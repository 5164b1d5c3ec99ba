"""Simulate clusters in trouble, or show one of them: `--replay SEED`."""

from __future__ import annotations

import argparse
import sys

from tests.simulation import chaos, runs, tally


def main() -> int:
    """Run it; 1 when a law is broken or some state was never reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed")
    parser.add_argument("--processes", type=int, default=0, help="how many at a time")
    parser.add_argument("--replay", type=int, metavar="SEED", help="show one history, step by step")
    words = parser.parse_args()
    if words.replay is not None:
        chaos.run(words.replay, trace=print)
        return 0
    return simulate(words.seed, words.histories, words.processes)


def simulate(seed: int, count: int, processes: int) -> int:
    """Run them, print what they reached."""
    print(f"{count:,} histories, seeds {seed} to {seed + count - 1}", flush=True)
    reached, broken = runs.histories(seed, count, processes)
    print(tally.printed(reached))
    if broken is not None:
        print(f"seed {broken.seed} breaks a law: {broken.said}")
        print(f"see it: python -m tests.simulation --replay {broken.seed}")
        return 1
    missing = tally.missing(reached)
    for kind, state in missing:
        print(f"never reached: {kind}: {state}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
