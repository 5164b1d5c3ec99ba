"""A hundred thousand histories of clusters in trouble keep the laws and reach every kind of state.

How many it are is counted; how long they take is the machine's affair.
"""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.simulation import chaos

HISTORIES = 100_000


@pytest.mark.timeout(1800)
def test_the_laws_hold_in_every_history(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.simulation", "--histories", str(HISTORIES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("seed", random.Random(4).sample(range(HISTORIES), 5))
def test_a_history_can_be_repeated(seed: int) -> None:
    told: list[list[str]] = [[], []]
    tallies = [chaos.run(seed, trace=lines.append).tally for lines in told]
    assert told[0] == told[1]
    assert tallies[0] == tallies[1] == chaos.run(seed).tally
