from __future__ import annotations

import json

import pytest

from lvsm.cli import exits
from tests.unit.cli.plvsd import FakePlvsd

DRAINED = {
    "subject": "rs2 in web",
    "was": "enabled",
    "value": "draining",
    "changed": True,
    "undo": "lvsm rs enable web rs2",
}
LISTED = {
    "vip": "web",
    "node": "rs2",
    "port": 80,
    "weight": 0,
    "configured_weight": 10,
    "table_weight": 0,
    "live": 0,
    "state": "draining",
    "reason": "draining, by ann",
    "weighed": None,
}
NODE = {
    "name": "dir1",
    "role": "director",
    "state": "up",
    "reason": "",
    "address": "10.1.0.11",
    "interfaces": ["10.1.0.11/24"],
    "heartbeat": "active",
    "plvsd": "2.0.0",
    "generation": 3,
    "holds": ["web"],
    "kernel": "6.1.0",
    "ipvs": True,
    "schedulers": ["mh", "wlc"],
    "load": 0.5,
    "uptime_s": 7200.0,
    "free_bytes": 2**30,
    "clock_skew_s": -0.002,
    "heard_ago_s": 1.0,
    "reachable": False,
    "link": {"error": "refused"},
    "problems": [],
}


def test_a_drain_says_how_to_take_it_back(plvsd: FakePlvsd) -> None:
    plvsd.answers["RS DRAIN"] = [DRAINED]
    result = plvsd.lvsm("rs", "drain", "web", "rs2", "--reason", "kernel update")
    assert result.exit_code == exits.OK
    assert "undo: lvsm rs enable web rs2" in result.stdout
    assert (plvsd.only.args, plvsd.only.options) == (("web", "rs2"), {"reason": "kernel update"})


def test_a_whole_node_can_be_drained(plvsd: FakePlvsd) -> None:
    plvsd.answers["RS DRAIN"] = [DRAINED]
    assert plvsd.lvsm("rs", "drain", "--of", "rs2", "--dry-run").exit_code == exits.OK
    assert (plvsd.only.args, plvsd.only.options) == ((), {"node": "rs2", "dry-run": "yes"})


@pytest.mark.parametrize(
    "words", [[], ["web"], ["web", "--of", "rs2"], ["web", "rs2", "--of", "rs2"]]
)
def test_which_realserver_has_to_be_clear(plvsd: FakePlvsd, words: list[str]) -> None:
    assert plvsd.lvsm("rs", "drain", *words).exit_code == exits.USAGE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, exits.OK),
        ({"live": 3}, exits.PARTIAL),
        ({"live": None}, exits.PARTIAL),
        ({"table_weight": 10}, exits.PARTIAL),
    ],
)
def test_waiting_ends_when_the_kernel_has_weight_0_and_no_connection(
    plvsd: FakePlvsd, changes: dict[str, object], status: int
) -> None:
    plvsd.answers["RS DRAIN"] = [DRAINED]
    plvsd.answers["RS LIST"] = [{**LISTED, **changes}]
    assert plvsd.lvsm("rs", "drain", "web", "rs2", "--wait", "0").exit_code == status
    result = plvsd.lvsm("rs", "drain", "web", "rs2", "--json", "--wait", "0")
    assert (json.loads(result.stdout)["left"] == 0) is (status == exits.OK)


def test_realservers_are_listed(plvsd: FakePlvsd) -> None:
    plvsd.answers["RS LIST"] = [LISTED]
    assert plvsd.lvsm("rs", "list", "web").stdout.splitlines() == [
        "VIP  RS   PORT  WEIGHT  LIVE  STATE     REASON",
        "web  rs2    80       0     0  draining  draining, by ann",
    ]


def test_nodes_are_listed_and_shown(plvsd: FakePlvsd) -> None:
    plvsd.answers["NODE LIST"] = plvsd.answers["NODE SHOW"] = [NODE]
    assert "-0.002 s" in plvsd.lvsm("node", "list").stdout
    shown = plvsd.lvsm("node", "show", "dir1").stdout
    assert "schedulers   mh wlc" in shown
    assert "link         refused" in shown
    assert json.loads(plvsd.lvsm("node", "show", "dir1", "--json").stdout)["kernel"] == "6.1.0"


def test_standby_says_what_moves(plvsd: FakePlvsd) -> None:
    moves = [{"group": "web", "vips": ["web"], "to": "dir2"}]
    plvsd.answers["NODE STANDBY"] = [{**DRAINED, "moves": moves}]
    result = plvsd.lvsm("node", "standby", "dir1", "--force", "--dry-run")
    assert "web moves to dir2" in result.stdout
    assert plvsd.only.options == {"force": "yes", "dry-run": "yes"}
