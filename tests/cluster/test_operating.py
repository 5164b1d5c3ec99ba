"""What operators do while the cluster runs: drains, weights, standby, on nodes that come and go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import talk
from tests.cluster.site import VIP, Site
from tests.lab.client import poll_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

REQUESTS = 30
HELD = 6
PORTS = range(40001, 40009)
CLIENT = "10.77.0.5"
SECONDS = 60


@pytest.fixture(autouse=True)
def put_back(site: Site) -> Iterator[None]:
    """Leave no word behind."""
    yield
    for words in (
        ("rs", "enable", "web", "rs1"),
        ("rs", "weight", "web", "rs2", "configured"),
        ("node", "online", "dir1"),
    ):
        site.lvsm("dir1", *words, check=False)


def listed(site: Site, asked: str, name: str) -> dict[str, Any]:
    found = json.loads(site.lvsm(asked, "--json", "rs", "list", "web").out)["items"]
    return next(dict(one) for one in found if one["node"] == name)


def in_tables(site: Site, rule: str) -> bool:
    return all(rule in site.table(director) for director in ("dir1", "dir2"))


def test_a_drain_ends_no_connection_and_lets_no_new_one_in(site: Site) -> None:
    with talk.hold(site.lab, VIP, 80, HELD) as held:
        before = held.again()
        there = before.count("rs1")
        assert set(before) == {"rs1", "rs2"}
        # These end at once; their ports come again below, while IPVS still remembers them.
        assert set(by_the_same_ports(site)) == {"rs1", "rs2"}
        words = ("rs", "drain", "web", "rs1", "--reason", "test", "--wait", "3")
        waited = site.lvsm("dir2", *words, check=False)
        assert (waited.status, f"{there} left" in waited.out.decode()) == (6, True)
        assert in_tables(site, "10.77.0.61:80 -g -w 0")
        found = listed(site, "dir2", "rs1")
        assert (found["state"], found["live"], found["table_weight"]) == ("draining", there, 0)
        assert set(talk.ask(site.lab, "http", VIP, 80, REQUESTS)) == {"rs2"}
        assert set(by_the_same_ports(site)) == {"rs2"}
        assert held.again() == before
    # It can be said again, and now it ends with nothing left.
    site.lvsm("dir1", "rs", "drain", "web", "rs1", "--wait", str(SECONDS))
    assert listed(site, "dir1", "rs1")["live"] == 0
    site.lvsm("dir1", "rs", "enable", "web", "rs1")
    poll_until(lambda: in_tables(site, "10.77.0.61:80 -g -w 2"), SECONDS, "it is not enabled")
    assert set(talk.ask(site.lab, "http", VIP, 80, 6)) == {"rs1", "rs2"}


def by_the_same_ports(site: Site) -> list[str]:
    return [talk.ask(site.lab, "http", VIP, 80, 1, CLIENT, port)[0] for port in PORTS]


def test_another_weight_spreads_the_traffic_so(site: Site) -> None:
    site.lvsm("dir1", "rs", "weight", "web", "rs2", "8")
    poll_until(lambda: in_tables(site, "10.77.0.62:80 -g -w 8"), SECONDS, "it is not there")
    found = talk.names(talk.ask(site.lab, "http", VIP, 80, REQUESTS))
    # 2 to 8; a client's port that came again may have kept its realserver.
    assert set(found) == {"rs1", "rs2"}
    assert 0.7 * REQUESTS <= found["rs2"] <= 0.9 * REQUESTS


def test_standby_moves_the_group_and_what_was_said_reaches_who_was_off(site: Site) -> None:
    site.lvsm("dir1", "node", "standby", "dir1", "--reason", "test")
    site.wait_for_holder("dir2", asked="dir1")
    assert "!" not in "".join(talk.ask(site.lab, "http", VIP, 80, REQUESTS))
    site.lab.crash("dir1")
    site.lvsm("dir2", "rs", "weight", "web", "rs2", "7")  # said while dir1 is off
    site.lab.boot("dir1")
    poll_until(lambda: in_tables(site, "10.77.0.62:80 -g -w 7"), SECONDS, "dir1 did not hear")
    assert site.shows("dir2")
    assert not site.shows("dir1")
    nodes = json.loads(site.lvsm("dir2", "--json", "node", "list").out)["items"]
    dir1 = next(node for node in nodes if node["name"] == "dir1")
    assert dir1["state"] == "standby"
    assert abs(dir1["clock_skew_s"]) < SECONDS
    assert "wlc" in dir1["schedulers"]
    refused = site.lvsm("dir2", "node", "standby", "dir2", check=False)
    assert refused.status == 1
    assert b"nobody-takes-over" in refused.err
    site.lvsm("dir2", "node", "online", "dir1")
    site.wait_for_holder("dir1", asked="dir2")
    assert "!" not in "".join(talk.ask(site.lab, "http", VIP, 80, REQUESTS))
