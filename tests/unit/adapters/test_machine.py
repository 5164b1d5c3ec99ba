from __future__ import annotations

from pathlib import Path

from lvsm.adapters.machine import Gauge, measure
from lvsm.core.facts import UNKNOWN_LOAD


def test_what_the_kernel_says_is_measured(tmp_path: Path) -> None:
    (tmp_path / "loadavg").write_text("0.25 0.10 0.05 1/2 3\n")
    (tmp_path / "uptime").write_text("61.5 100.0\n")
    found = measure(tmp_path, proc=tmp_path)
    assert (found.load, found.uptime_s) == (0.25, 61.5)
    assert found.free_bytes > 0
    assert found.kernel


def test_what_cannot_be_found_out_is_left_out(tmp_path: Path) -> None:
    found = measure(tmp_path / "none", proc=tmp_path / "none")
    assert (found.load, found.uptime_s, found.free_bytes) == (UNKNOWN_LOAD, 0.0, 0)


def test_a_gauge_does_not_look_each_time(tmp_path: Path) -> None:
    gauge = Gauge(tmp_path)
    assert gauge() is gauge()
