"""Measure: `make bench`, or `python -m tests.bench [--only WHAT] [--loop uvloop]`."""

from __future__ import annotations

import argparse
import asyncio

from tests.bench import ipvs, protocol, saves, startup

PARTS = ("protocol", "startup", "save", "save-large", "save-lab", "ipvs")


def main() -> None:
    """Measure and print; what boots the lab or takes minutes only when it is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    options = parser.parse_args()
    if options.only in {None, "protocol"}:
        asyncio.run(protocol.measure(options.loop))
    if options.only in {None, "startup"}:
        startup.measure()
    if options.only in {"save", "save-large"}:
        saves.measure_large()
    if options.only in {"save", "save-lab"}:
        saves.measure_lab()
    if options.only == "ipvs":
        ipvs.measure()


if __name__ == "__main__":
    main()
