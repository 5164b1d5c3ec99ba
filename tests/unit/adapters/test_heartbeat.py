from __future__ import annotations

from pathlib import Path

import pytest

from lvsm.adapters import heartbeat

CL_STATUS = """#!/bin/sh
[ "$1" = nodestatus ] || exit 9
case $2 in
    dir1) echo dead; exit 1 ;;
    dir2) echo active ;;
    rs1) echo "cl_status: ERROR: Cannot signon with heartbeat"; exit 255 ;;
esac
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "cl_status"
    path.write_text(CL_STATUS)
    path.chmod(0o755)
    return str(path)


async def test_a_dead_node_does_not_hide_those_after_it(program: str) -> None:
    found = await heartbeat.statuses(["dir1", "rs1", "dir2"], program)
    assert found == {"dir1": "dead", "dir2": "active"}


def process(proc: Path, pid: int, state: str, start: int) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    fields = [state, *("0" for _ in range(18)), str(start)]
    (folder / "stat").write_text(f"{pid} (heart beat) {' '.join(fields)}\n")


def test_an_instance_is_known_by_its_pid_and_start(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    assert heartbeat.instance(pid_file, tmp_path) is None
    pid_file.write_text("17\n")
    assert heartbeat.instance(pid_file, tmp_path) is None
    process(tmp_path, 17, "S", 4711)
    assert heartbeat.instance(pid_file, tmp_path) == "17:4711"


def test_a_zombie_is_no_heartbeat(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    pid_file.write_text("17")
    process(tmp_path, 17, "Z", 1)
    assert heartbeat.instance(pid_file, tmp_path) is None
