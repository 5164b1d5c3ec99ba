"""The contract on real kernels: this machine's for addresses, a lab node's for everything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import cases
from tests.lab.client import Lab
from tests.lab.cluster import TREE

CHECKOUT = Path(__file__).parents[2]
PROGRAM = ("-P", "-m", "tests.contract.run")


@pytest.fixture(scope="module")
def on_this_machine() -> dict[str, str | None]:
    done = subprocess.run(
        [sys.executable, *PROGRAM],
        env={"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        cwd="/",
        capture_output=True,
        check=True,
        timeout=100,
    )
    return _results(done.stdout)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    found = Lab.up(tmp_path_factory.mktemp("lab"), directors=1, realservers=0, tree=CHECKOUT)
    yield found
    found.down()


@pytest.fixture(scope="module")
def in_a_node(lab: Lab) -> dict[str, str | None]:
    argv = [f"{TREE}/.venv/bin/python", *PROGRAM, "every"]
    done = lab.run("dir1", argv, env={"PYTHONPATH": TREE}, timeout=300)
    return _results(done.out)


def _results(output: bytes) -> dict[str, str | None]:
    found = [json.loads(line) for line in output.splitlines()]
    return {entry["case"]: entry["error"] for entry in found}


@pytest.mark.netns
@pytest.mark.parametrize("name", cases.without_ipvs())
def test_this_machine(name: str, on_this_machine: dict[str, str | None]) -> None:
    error = on_this_machine[name]
    assert error is None, error


@pytest.mark.lab
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", cases.every())
def test_a_lab_node(name: str, in_a_node: dict[str, str | None]) -> None:
    error = in_a_node[name]
    assert error is None, error


@pytest.mark.lab
@pytest.mark.timeout(400)
def test_ipvsadm_saves_what_lvsm_shows(lab: Lab) -> None:
    argv = [f"{TREE}/.venv/bin/python", "-P", "-m", "tests.contract.saved"]
    done = lab.run("dir1", argv, env={"PYTHONPATH": TREE}, timeout=100)
    told = json.loads(done.out)
    assert told["failures"] == 0
    saved, shown = set(told["saved"]), set(told["shown"])
    assert (saved - shown, shown - saved) == (set(), set())
