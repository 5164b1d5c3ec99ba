"""The planner against a kernel: what it decides is what the kernel then has."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from lvsm.core import node_plan
from lvsm.core.desired import NodeState
from lvsm.core.foreign import heeded
from lvsm.core.model import ForeignServices, Forwarding, Protocol
from lvsm.core.operations import (
    AddDestination,
    AddService,
    InterfaceAddress,
    ServiceKey,
    ServiceState,
)
from tests.contract.bench import INTERFACE, OWN, OWN6, Bench
from tests.contract.ipvs_cases import WEB, WEB6, destination, service

VIP = InterfaceAddress(interface=INTERFACE, address="198.51.100.10/32")
VIP6 = InterfaceAddress(interface=INTERFACE, address="2001:db8:100::10/128")
ALIAS = InterfaceAddress(interface="lo", address="198.51.100.10/32")
ALIAS6 = InterfaceAddress(interface="lo", address="2001:db8:100::10/128")
HIDDEN = {"net.ipv4.conf.all.arp_ignore": 1, "net.ipv4.conf.all.arp_announce": 2}
SSH = ServiceKey(protocol=Protocol.TCP, address="198.51.100.77", port=22)
SERVICES = (
    ServiceState(
        service=service(WEB, "mh", flags=("mh-port",)),
        destinations=(destination("10.9.0.21"), destination("10.9.0.22", weight=3)),
    ),
    ServiceState(service=service(WEB6), destinations=(destination("2001:db8:9::21"),)),
)
CHANGED = (
    ServiceState(
        service=service(WEB, "wrr", persistence=60),
        destinations=(
            destination("10.9.0.22", weight=0),
            destination("10.9.0.23", forwarding=Forwarding.TUN),
        ),
    ),
)
NOTHING = NodeState()
HOLDER = NodeState(services=SERVICES, groups={"web": (VIP, VIP6)}, sysctls=HIDDEN)
OFFERING = NodeState(services=SERVICES, offered={"web": (ALIAS, ALIAS6)}, sysctls=HIDDEN)
STANDBY = NodeState(services=SERVICES, sysctls=HIDDEN)
REALSERVER = NodeState(aliases=(ALIAS, ALIAS6), sysctls=HIDDEN)
EDITED = NodeState(services=CHANGED, groups={"web": (VIP,)}, sysctls=HIDDEN)
STATES = (NOTHING, HOLDER, OFFERING, STANDBY, REALSERVER, EDITED)


def reach(bench: Bench, want: NodeState) -> None:
    """Perform the plan for `want`, and see that nothing is left to do."""
    failures = bench.perform(*node_plan.plan(want, bench.state()))
    assert failures == {}
    assert node_plan.plan(want, bench.state()) == ()


def every_state_is_reached_from_every_other(bench: Bench) -> None:
    for before in STATES:
        for after in STATES:
            reach(bench, before)
            reach(bench, after)
            assert _matches(bench, after)


def a_plan_cut_off_anywhere_is_mended_by_planning_again(bench: Bench) -> None:
    for before, after in pairwise((*STATES, *reversed(STATES))):
        reach(bench, before)
        length = len(node_plan.plan(after, bench.state()))
        for count in range(length):
            reach(bench, before)
            bench.perform(*node_plan.plan(after, bench.state())[:count])
            reach(bench, after)
            assert _matches(bench, after)


def nothing_is_left_when_nothing_is_wanted(bench: Bench) -> None:
    before = bench.state()
    reach(bench, HOLDER)
    reach(bench, NOTHING)
    after = bench.state()
    assert (after.services, after.sysctls, after.owned) == (
        before.services,
        before.sysctls,
        before.owned,
    )
    assert bench.on() == {OWN, OWN6}


def services_of_others_are_taken_over_removed_or_left(bench: Bench) -> None:
    theirs = service(SSH, "rr", flags=("sched-1",), persistence=60)
    in_the_way = service(WEB, "wlc")
    assert bench.ipvs_codes(
        AddService(service=theirs),
        AddDestination(key=SSH, destination=destination("10.9.0.99")),
        AddService(service=in_the_way),
        AddDestination(key=WEB, destination=destination("10.9.0.99")),
    ) == {}  # fmt: skip
    before = bench.state().services
    reach(bench, heeded(replace(HOLDER, foreign=ForeignServices.LEAVE), bench.state()))
    assert set(before) <= set(bench.state().services)
    reach(bench, HOLDER)
    assert {s.service.key for s in bench.state().services} == {SSH, WEB, WEB6}
    reach(bench, replace(HOLDER, foreign=ForeignServices.EXCLUSIVE))
    assert {(s.service, frozenset(s.destinations)) for s in bench.state().services} == {
        (s.service, frozenset(s.destinations)) for s in SERVICES
    }
    reach(bench, NOTHING)
    assert bench.state().services == ()


def _matches(bench: Bench, want: NodeState) -> bool:
    have = bench.state()
    hidden = {a.address for group in want.offered.values() for a in group}
    shown = {a.address for group in want.groups.values() for a in group}
    wanted = {(state.service, frozenset(state.destinations)) for state in want.services}
    return (
        {(s.service, frozenset(s.destinations)) for s in have.services} == wanted
        and bench.on() == {OWN, OWN6} | shown
        and bench.on("lo") - {"127.0.0.1/8", "::1/128"}
        == {a.address for a in want.aliases} | hidden
        and all(have.sysctls[name] == want.sysctls.get(name, 0) for name in HIDDEN)
    )
