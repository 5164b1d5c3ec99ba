"""Measure: `make bench`, or `python -m tests.bench [--only protocol|startup] [--loop uvloop]`."""

from __future__ import annotations

import argparse
import asyncio

from tests.bench import protocol, startup


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=("protocol", "startup"))
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    options = parser.parse_args()
    if options.only != "startup":
        asyncio.run(protocol.measure(options.loop))
    if options.only != "protocol":
        startup.measure()


if __name__ == "__main__":
    main()
