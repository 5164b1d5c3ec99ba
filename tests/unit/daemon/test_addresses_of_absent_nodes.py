from __future__ import annotations

from ipaddress import ip_address

from lvsm.core.facts import Facts
from lvsm.core.model import Configuration, Node
from lvsm.daemon.checking import check

TEXT = """\
[vip.web]
address = "192.0.2.10/24"
ports = [80]
directors = ["dir1"]

[[vip.web.realserver]]
node = "rs1"
"""
BEFORE = Configuration(nodes={"rs1": Node(name="rs1", address=ip_address("10.1.0.21"))})


def test_a_node_that_is_away_keeps_the_address_it_had() -> None:
    checked = check(TEXT, members=("dir1", "rs1"), facts={}, present=BEFORE)
    assert checked.errors == ()
    assert 'address = "10.1.0.21"' in checked.text


def test_what_a_node_reports_now_counts_more_than_what_it_had() -> None:
    facts = Facts(
        node="rs1", version="2", order=(1, 0, ""), eligible=False, address="10.1.0.22", ipvs=True
    )
    checked = check(TEXT, members=("dir1", "rs1"), facts={"rs1": facts}, present=BEFORE)
    assert 'address = "10.1.0.22"' in checked.text


def test_an_address_that_nobody_knows_is_asked_for() -> None:
    checked = check(TEXT, members=("dir1", "rs1"), facts={}, present=Configuration())
    assert {problem.code for problem in checked.errors} == {"no-address"}
