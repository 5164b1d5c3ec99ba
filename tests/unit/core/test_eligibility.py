from __future__ import annotations

from dataclasses import replace

import pytest

from lvsm.core.eligibility import (
    BEHIND_SECONDS,
    STRANGERS_SECONDS,
    Situation,
    is_up,
    reason_against,
)
from lvsm.core.facts import Facts

ORDER = (1, 3, "abc")
GOOD = Situation(
    me="dir1",
    heartbeat=True,
    leaving=False,
    statuses={"dir1": "active", "dir2": "active", "rs1": "dead"},
    heard={"dir2": Facts(node="dir2", version="2", order=ORDER, eligible=True)},
    order=ORDER,
    ipvs=True,
    applied=True,
    up_for=1.0,
)


def test_a_node_in_order_may_hold_groups() -> None:
    assert reason_against(GOOD) is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"heartbeat": False}, "does not run"),
        ({"leaving": True}, "stopping"),
        ({"statuses": {"dir1": "up"}}, "not joined"),
        ({"ipvs": False}, "no IPVS"),
        ({"applied": False}, "kernel"),
        ({"order": (1, 2, "abc")}, "generation 3"),
        ({"heard": {}}, "dir2"),
    ],
)
def test_each_reason_is_told(change: dict[str, object], word: str) -> None:
    reason = reason_against(replace(GOOD, **change))  # type: ignore[arg-type]
    assert reason is not None
    assert word in reason


def test_a_node_that_never_speaks_is_not_waited_for_for_ever() -> None:
    assert reason_against(replace(GOOD, heard={}, up_for=STRANGERS_SECONDS)) is None


def test_an_older_peer_is_no_obstacle() -> None:
    assert reason_against(replace(GOOD, order=(2, 1, ""))) is None


def test_a_holder_is_given_time_to_get_a_new_generation() -> None:
    late = replace(GOOD, order=(1, 2, ""), holding=True)
    assert reason_against(replace(late, behind_for=BEHIND_SECONDS - 1)) is None
    assert reason_against(replace(late, behind_for=BEHIND_SECONDS)) is not None


def test_a_holder_does_not_wait_to_hear_from_all() -> None:
    assert reason_against(replace(GOOD, heard={}, holding=True)) is None


@pytest.mark.parametrize(
    ("status", "eligible", "up"),
    [
        ("active", None, True),
        ("active", False, True),
        ("up", True, True),
        ("init", True, True),
        ("up", False, False),
        ("up", None, False),
        ("dead", True, False),
        (None, True, False),
    ],
)
def test_who_counts_as_up(status: str | None, eligible: bool | None, up: bool) -> None:
    facts = None
    if eligible is not None:
        facts = Facts(node="dir2", version="2", order=ORDER, eligible=eligible)
    assert is_up(status, facts) is up
