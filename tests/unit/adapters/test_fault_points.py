from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import pytest

from lvsm.adapters import files
from lvsm.adapters.fault_points import FaultPoints

replace = partial(files.replace, mode=0o600)


def test_without_an_order_nothing_stops(tmp_path: Path) -> None:
    FaultPoints(tmp_path, replace)(tmp_path / "file", b"1")
    assert (tmp_path / "file").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("stage", "there"), [(0, []), (1, ["a"]), (2, ["a"]), (3, ["a", "b"]), (4, ["a", "b"])]
)
def test_it_stops_for_ever_before_and_after_each_file(
    tmp_path: Path, stage: int, there: list[str]
) -> None:
    points = FaultPoints(tmp_path, replace)
    points(tmp_path / "earlier", b"0")
    (tmp_path / "stop").write_text(f"{stage} first")

    def save() -> None:
        for name in ("a", "b", "c"):
            points(tmp_path / name, b"1")

    threading.Thread(target=save, daemon=True).start()
    end = time.monotonic() + 30
    while not (tmp_path / "stopped").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert [name for name in ("a", "b", "c") if (tmp_path / name).exists()] == there
