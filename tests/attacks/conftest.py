"""One victim for all attacks of a module: what one of them leaves behind, the next one meets."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from lvsm.core import scram
from tests.attacks.attacker import Victim

VISITS = 5


async def _honest(victim: Victim) -> float:
    """The longest stretch of the loop's work in the middle one of some rounds of visits."""
    found = []
    for _ in range(VISITS):
        victim.pulse()
        await victim.visited()
        found.append(victim.pulse().busy)
    return median(found)


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    folder = Path(tempfile.mkdtemp(prefix="lvsm-attacks-"))
    folder.chmod(0o755)  # foreign users get as far as the socket
    verifier = scram.make_verifier("the admin's password", b"a" * 16)
    with (
        (folder / "log").open("w") as told,
        subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.victim", str(folder), str(verifier)],
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().split()[1])
            found = Victim(port=port, folder=folder, pid=process.pid)
            asyncio.run(found.serves())  # what is imported late is imported now
            yield replace(found, honest=asyncio.run(_honest(found)))
            assert process.poll() is None, (folder / "log").read_text()[-3_000:]
        finally:
            process.terminate()
            process.wait(20)
            log = (folder / "log").read_text()
            shutil.rmtree(folder)
    assert "Traceback" not in log, log[-3_000:]
