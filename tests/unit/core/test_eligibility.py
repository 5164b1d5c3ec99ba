from __future__ import annotations

from dataclasses import replace

import pytest

from lvsm.core.eligibility import STRANGERS_SECONDS, Situation, reason_against
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
