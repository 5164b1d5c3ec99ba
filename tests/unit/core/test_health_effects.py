"""What a check's verdicts change in the kernel's table, and how that is said to people."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from lvsm.core.check import Check, CheckType, OnFailure
from lvsm.core.desired import service_states
from lvsm.core.health import Member
from lvsm.core.health_effects import in_service, seen
from lvsm.core.model import Configuration, Node, Realserver, VirtualService
from lvsm.core.overlay import NOTHING, Kind, Object, Overlay, Word, say

CHECK = Check(type=CheckType.TCP)
WEB = VirtualService(
    name="web",
    address=ip_interface("192.0.2.10"),
    ports=(80,),
    directors=("dir1",),
    realservers=(Realserver(node="a", weight=2), Realserver(node="b"), Realserver(node="c")),
    sorry=Realserver(node="s"),
    check=CHECK,
)
NODES = {
    name: Node(name=name, address=ip_address(f"10.0.0.{number}"))
    for number, name in enumerate("abcs", 1)
}


def down(*labels: str) -> dict[str, dict[str, Member]]:
    """Health with those down, the first the longest; the others up."""
    return {
        "web": {
            label: Member(
                up=label not in labels,
                since=float(labels.index(label)) if label in labels else 0.0,
                reason="no",
            )
            for label in "abc"
        }
    }


def table(vip: VirtualService, *labels: str, overlay: Overlay = NOTHING) -> dict[str, int]:
    configuration = Configuration(nodes=NODES, vips={"web": vip})
    (state,) = service_states(configuration, vip, overlay, down(*labels))
    names = {str(node.address): name for name, node in NODES.items()}
    return {names[entry.address]: entry.weight for entry in state.destinations}


def test_one_that_fails_has_weight_0() -> None:
    assert table(WEB) == {"a": 2, "b": 1, "c": 1}
    assert table(WEB, "a") == {"a": 0, "b": 1, "c": 1}


def test_one_that_fails_is_removed_where_the_service_says_so() -> None:
    assert table(replace(WEB, on_failure=OnFailure.REMOVE), "a") == {"b": 1, "c": 1}


def test_the_sorry_server_answers_when_none_is_left() -> None:
    assert table(WEB, "a", "b", "c") == {"a": 0, "b": 0, "c": 0, "s": 1}


def test_min_up_keeps_those_that_failed_last() -> None:
    assert table(replace(WEB, min_up=2), "a", "c", "b") == {"a": 0, "b": 1, "c": 1}


def test_a_drained_one_neither_counts_nor_is_kept() -> None:
    overlay = say(
        NOTHING,
        Object(kind=Kind.STATE, node="c", vip="web"),
        Word.DRAINING,
        author="admin",
        reason="",
        at=0.0,
        epoch=1,
        node="dir1",
    )
    vip = replace(WEB, min_up=1)
    assert table(vip, "a", "b", overlay=overlay) == {"a": 0, "b": 1, "c": 0}


def test_without_a_check_what_was_known_changes_nothing() -> None:
    assert table(replace(WEB, check=None), "a", "b", "c") == {"a": 2, "b": 1, "c": 1}
    assert in_service(replace(WEB, check=None), NOTHING, down("a")) is None


@pytest.mark.parametrize(
    ("member", "fresh", "kept", "state", "reason"),
    [
        (None, True, False, "unchecked", ""),
        (None, False, False, "unchecked", "no check has reported yet"),
        (Member(up=True, since=1.0), True, False, "up", ""),
        (Member(up=True, since=1.0), False, False, "unknown", "no check reports any more; it was"
         " up, and its weight stays"),
        (Member(up=False, since=1.0, reason="no"), True, False, "down", "no"),
        (Member(up=False, since=1.0, reason="no"), True, True, "down", "no; kept in service by"
         " min_up = 0"),
        (Member(up=False, since=1.0, streak=1), True, False, "down", "its checks are good again"),
    ],
)  # fmt: skip
def test_each_state_has_its_reason(
    member: Member | None, fresh: bool, kept: bool, state: str, reason: str
) -> None:
    members = {} if member is None else {"a": member}
    found = seen(WEB, WEB.realservers[0], members, fresh=fresh, kept=kept, now=2.0)
    assert (found.state, found.reason) == (state, reason)
