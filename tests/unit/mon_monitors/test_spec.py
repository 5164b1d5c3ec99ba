"""What plvsd writes for its monitors is what they read."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import check_spec
from lvsm.core.check import KEYS_OF, Check, CheckType
from lvsm.core.check_spec import Spec, Target
from tests.unit.mon_monitors.servers import MONITORS
from tests.unit.strategies import checks, names

sys.path.insert(0, str(MONITORS))

from lvsm_checks.spec import BadSpecError, load, parse

targets = st.builds(
    Target, label=names, address=st.ip_addresses().map(str), port=st.integers(1, 65535)
)
specs = st.builds(
    Spec,
    vip=names,
    check=checks,
    host=st.sampled_from(("www.example.com", "192.0.2.10")),
    targets=st.lists(targets, max_size=4).map(tuple),
)


@given(specs)
def test_a_monitor_reads_what_plvsd_wrote(spec: Spec) -> None:
    read = parse(check_spec.render(spec))
    assert (read.vip, read.stamp, read.type) == (spec.vip, spec.stamp, spec.check.type)
    assert (read.interval, read.timeout, read.run) == (
        spec.check.interval,
        spec.check.timeout,
        spec.run_seconds,
    )
    assert [(t.label, t.address, t.port) for t in read.targets] == [
        (t.label, t.address, t.port) for t in spec.targets
    ]
    if "path" in KEYS_OF[spec.check.type]:
        assert tuple(read.all("headers")) == spec.check.headers
        assert read.one("body", "") == (spec.check.body or "")
        assert read.one("host") == spec.host


@given(specs, st.text("ab\\\n\r é", max_size=8))
def test_a_line_s_end_stays_inside_its_value(spec: Spec, text: str) -> None:
    check = replace(spec.check, type=CheckType.HTTP, body=text)
    assert parse(check_spec.render(replace(spec, check=check))).one("body") == text


@given(specs, checks)
def test_the_stamp_is_of_what_a_monitor_does(spec: Spec, other: Check) -> None:
    judged = replace(spec.check, rise=other.rise, fall=other.fall, damping=other.damping)
    assert replace(spec, check=judged).stamp == spec.stamp
    changed = replace(spec, check=other)
    assert (changed.stamp == spec.stamp) == (check_spec._body(changed) == check_spec._body(spec))


@given(specs)
def test_a_run_has_room_for_its_rounds_and_for_an_answer(spec: Spec) -> None:
    assert spec.run_seconds > spec.check.timeout
    assert spec.run_seconds >= spec.check.interval
    if spec.check.interval >= check_spec.LONG_INTERVAL:
        assert spec.mon_seconds >= spec.check.interval
    else:
        assert spec.run_seconds >= check_spec.RUN_SECONDS > 10 * spec.mon_seconds


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises((BadSpecError, ValueError)):
        parse(text)


@pytest.mark.parametrize("name", ["../web", ".web", "a/b", "missing"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSpecError):
        load(name, str(tmp_path))


def test_without_a_spec_nothing_is_said_to_be_down() -> None:
    done = subprocess.run(
        [MONITORS / "lvsm.monitor", "there-is-none", "rs1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("UNKNOWN ")
