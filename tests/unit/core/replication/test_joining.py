from __future__ import annotations

from ipaddress import ip_interface

import pytest

from lvsm.core.generation import Generation
from lvsm.core.model import Configuration, Node, Realserver, VirtualService
from lvsm.core.replication.disk import fresh
from lvsm.core.replication.joining import (
    can_decide,
    electorate,
    invited,
    joined,
    may_vote,
    voters,
)

WEB = VirtualService(
    name="web",
    address=ip_interface("192.0.2.10/32"),
    ports=(80,),
    directors=("dir1", "dir2"),
    realservers=(Realserver(node="rs1"), Realserver(node="legacy1")),
)
SITE = Configuration(
    nodes={
        "legacy1": Node(name="legacy1", external=True),
        "spare": Node(name="spare"),
        "rs1": Node(name="rs1"),
    },
    vips={"web": WEB},
)


def test_voters_are_all_named_nodes_but_external_ones() -> None:
    assert electorate(SITE) == {"dir1", "dir2", "rs1", "spare"}


def test_a_save_records_the_incarnations_that_are_heard_and_keeps_the_others() -> None:
    found = voters(SITE, {"dir1": "old", "dir2": "away", "gone": "x"}, {"dir1": "new", "rs1": "r"})
    assert found == {"dir1": "new", "dir2": "away", "rs1": "r", "spare": ""}


def test_an_empty_configuration_leaves_the_voters_as_they_are() -> None:
    assert voters(Configuration(), {"dir1": "a"}, {"dir1": "b"}) == {"dir1": "b"}


@pytest.mark.parametrize(
    ("known", "all_", "normal", "forced"),
    [(0, 1, False, False), (1, 1, True, True), (1, 2, False, True), (2, 3, True, True)],
)
def test_a_save_has_to_leave_somebody_who_decides(
    known: int, all_: int, normal: bool, forced: bool
) -> None:
    found = {f"n{index}": "x" if index < known else "" for index in range(all_)}
    assert can_decide(found, forced=False) is normal
    assert can_decide(found, forced=True) is forced


def test_a_disk_votes_where_it_is_recorded_and_any_after_generation_0() -> None:
    start = Generation(number=0, text="", voters={"dir1": ""})
    later = Generation(number=1, text="", voters={"dir1": "a", "dir2": ""})
    assert may_vote(start, "dir1", "whatever")
    assert not may_vote(start, "dir2", "whatever")
    assert may_vote(later, "dir1", "a")
    assert not may_vote(later, "dir1", "b")
    assert not may_vote(later, "dir2", "a")


def test_only_a_blank_node_that_is_named_joins() -> None:
    disk = fresh("dir2", "b", ("dir1", "dir2"))
    head = Generation(number=1, text="", voters={"dir1": "a", "dir2": ""})
    assert invited(disk, head)
    assert joined(disk, "12" * 32).genesis == "12" * 32
    assert not invited(disk, Generation(number=0, text="", voters={"dir2": ""}))
    assert not invited(disk, Generation(number=1, text="", voters={"dir1": "a"}))
