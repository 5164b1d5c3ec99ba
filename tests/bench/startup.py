"""How long commands take to start, beside an interpreter that does nothing, in the same run."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

RUNS = 15
_LVSM = [sys.executable, "-c", "from lvsm.cli.main import main; main()"]
COMMANDS = {
    "python3 -ISE -c pass": ["/usr/bin/python3", "-ISE", "-c", "pass"],
    "lvsm status --help": [*_LVSM, "status", "--help"],
    "lvsm status, nobody there": [*_LVSM, "status"],
    "heartbeat_glue/tell, nobody there": ["heartbeat_glue/tell", "EVENT", "HEARTBEAT"],
}


def measure() -> None:
    """Run each by turns and print the medians."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=False)
            found[name].append(time.perf_counter() - began)
    least = median(next(iter(found.values())))
    print(f"{'start-up, median of ' + str(RUNS):40} {'ms':>9} {'ratio':>9}")
    for name, times in found.items():
        print(f"{name:40} {median(times) * 1e3:9.0f} {median(times) / least:9.1f}")
