"""What heartbeat says of itself and of the nodes, for a process without privileges.

Sources: heartbeat's pid file, /proc, and cl_status(1), which is setgid haclient.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

CL_STATUS = "/usr/bin/cl_status"
PID_FILE = Path("/run/heartbeat.pid")
PROC = Path("/proc")
CL_STATUS_SECONDS = 5.0
STATUSES = frozenset({"active", "dead", "init", "ping", "up"})


def instance(pid_file: Path = PID_FILE, proc: Path = PROC) -> str | None:
    """What tells the running heartbeat from an earlier one: `pid:start time`; None if none runs."""
    try:
        pid = int(pid_file.read_text())
        after_name = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    state, start_time = after_name[0], after_name[19]
    return None if state in "ZX" else f"{pid}:{start_time}"


async def statuses(nodes: Iterable[str], program: str = CL_STATUS) -> dict[str, str]:
    """Each node's status by heartbeat (`active`, `dead`, `up`, `init`, ...).

    Nodes of which heartbeat says nothing, as when it does not run, are left out. One short-lived
    child a node: for a check now and then, since changes arrive as events.
    """
    found: dict[str, str] = {}
    for node in nodes:
        status = await _ask(program, "nodestatus", node)
        if status in STATUSES:
            found[node] = status
    return found


async def _ask(*argv: str) -> str:
    """What a program prints. Its exit status is no help: cl_status fails for a dead node too."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(CL_STATUS_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return output.decode("ascii", "replace").strip()
