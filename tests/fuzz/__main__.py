"""Fuzz every parser that faces a stranger: `make fuzz SECONDS=60`, or `python -m tests.fuzz`.

Prints a line for each target, and each input that broke a law as Python writes it. The exit status
is 1 when there was one.
"""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.fuzz.engine import Fuzzer, Report
from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz and report."""
    options = _arguments()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    print(f"seed {seed}: {options.inputs} inputs or {options.seconds:g} s for each target")
    print(f"{'target':14} {'inputs':>8} {'inputs/s':>9} {'refused':>8} {'kinds':>6} slowest/usual")
    broken = False
    for name in options.only or TARGETS:
        report = Fuzzer(TARGETS[name], seed).run(inputs=options.inputs, seconds=options.seconds)
        _show(report)
        broken = broken or bool(report.findings)
    sys.exit(1 if broken else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="at most, for each target")
    parser.add_argument("--inputs", type=int, default=10**9, help="at most, for each target")
    parser.add_argument("--seed", type=int, help="the same seed draws the same inputs")
    parser.add_argument("--only", action="append", choices=sorted(TARGETS), help="this target")
    return parser.parse_args()


def _show(report: Report) -> None:
    print(
        f"{report.target:14} {report.inputs:8} {report.inputs / report.seconds:9.0f}"
        f" {report.refused / report.inputs:8.0%} {report.kinds:6} {report.slowest:13.1f}",
        flush=True,
    )
    for finding in report.findings:
        shown = repr(finding.data)
        print(f"  {finding.error}\n    {shown[:1_000]}{'...' if len(shown) > 1_000 else ''}")


if __name__ == "__main__":
    main()
