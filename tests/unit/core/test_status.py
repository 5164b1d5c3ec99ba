from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

from lvsm.core.facts import Facts
from lvsm.core.generation import Generation
from lvsm.core.model import Configuration, Node, Realserver, VirtualService
from lvsm.core.status import Known, status

GENERATION = Generation(number=4, text="x", author="admin", node="dir1", saved_at=100.0)
CONFIGURATION = Configuration(
    nodes={
        "rs1": Node(name="rs1", address=ip_address("10.0.0.21")),
        "old": Node(name="old", address=ip_address("10.0.0.99"), external=True),
    },
    vips={
        "web": VirtualService(
            name="web",
            address=ip_interface("10.0.0.200"),
            ports=(80,),
            directors=("dir1", "dir2"),
            realservers=(Realserver(node="rs1"), Realserver(node="old")),
        )
    },
)


def facts(node: str, **changes: object) -> Facts:
    values: dict[str, object] = {
        "node": node,
        "version": "2",
        "order": GENERATION.order,
        "eligible": True,
    }
    return Facts(**{**values, **changes})  # type: ignore[arg-type]


GOOD = Known(
    me="dir1",
    members=("dir1", "dir2", "rs1"),
    generation=GENERATION,
    configuration=CONFIGURATION,
    group_of={"web": "web"},
    facts={
        "dir1": facts("dir1", holds=("web",)),
        "dir2": facts("dir2"),
        "rs1": facts("rs1"),
    },
    statuses={"dir1": "active", "dir2": "active", "rs1": "active"},
    held_for={"web": 61.0},
    now=110.0,
)


def test_a_cluster_in_order() -> None:
    document = status(GOOD)
    assert (document["node"], document["generation"], document["state"]) == ("dir1", 4, "OK")
    assert document["sentence"] == "OK. 1 VIP on 1 director, 2 of 2 realservers up."
    assert document["saved"]["nodes_with_it"] == 3
    web = document["vips"][0]
    assert (web["holder"], web["state"], web["up"], web["held_for_s"]) == (
        "dir1",
        "serving",
        2,
        61.0,
    )
    roles = {node["name"]: (node["role"], node["state"]) for node in document["nodes"]}
    assert roles == {
        "dir1": ("director", "up"),
        "dir2": ("director", "up"),
        "rs1": ("realserver", "up"),
        "old": ("realserver", "external"),
    }


def test_a_dead_realserver_degrades_its_vip() -> None:
    known = replace(GOOD, statuses={**GOOD.statuses, "rs1": "dead"})
    document = status(known)
    assert document["state"] == "degraded"
    assert document["vips"][0]["realservers"][0]["state"] == "down"


def test_two_holders_are_said_so() -> None:
    known = replace(GOOD, facts={**GOOD.facts, "dir2": facts("dir2", holds=("web",))})
    document = status(known)
    assert document["vips"][0]["state"] == "held twice"
    assert document["state"] == "down"
    assert "dir1 and dir2" in document["sentence"]


def test_no_holder_has_its_reasons() -> None:
    ill = facts("dir1", eligible=False, reason="the kernel has no IPVS")
    known = replace(
        GOOD, facts={"dir1": ill}, statuses={"dir1": "active", "dir2": "dead", "rs1": "active"}
    )
    vip = status(known)["vips"][0]
    assert vip["state"] == "down"
    assert "dir1: the kernel has no IPVS" in vip["reason"]
    assert "dir2: heartbeat calls it dead" in vip["reason"]


def test_plvsd_silent_on_a_realserver_does_not_call_it_down() -> None:
    known = replace(GOOD, facts={name: f for name, f in GOOD.facts.items() if name != "rs1"})
    document = status(known)
    assert document["vips"][0]["state"] == "serving"
    assert document["state"] == "degraded"
    assert "rs1 is unreachable" in document["sentence"]


def test_an_empty_cluster_says_what_to_do() -> None:
    known = replace(GOOD, configuration=Configuration(), generation=Generation(number=0, text=""))
    document = status(known)
    assert "lvsm config save" in document["sentence"]
    assert document["saved"] is None


def test_services_that_lvsm_did_not_make_are_counted_and_no_fault() -> None:
    theirs = facts("dir2", foreign=("-t 10.0.0.240:25",), foreign_count=31)
    document = status(replace(GOOD, facts={**GOOD.facts, "dir2": theirs}))
    nodes = {node["name"]: node for node in document["nodes"]}
    assert nodes["dir2"]["foreign_services"] == ["-t 10.0.0.240:25"]
    assert nodes["dir2"]["foreign_services_count"] == 31
    assert nodes["dir1"]["foreign_services_count"] == 0
    assert document["state"] == "OK"
