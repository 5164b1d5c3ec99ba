from __future__ import annotations

from lvsm.core.desired import NodeState
from lvsm.core.drift import found
from lvsm.core.filter_rules import Mark, RuleSet
from lvsm.core.model import Forwarding, Protocol
from lvsm.core.node_plan import plan
from lvsm.core.operations import (
    Destination,
    InterfaceAddress,
    Service,
    ServiceKey,
    ServiceState,
)
from tests.fakes.kernel import FakeKernel

WEB = ServiceKey(protocol=Protocol.TCP, address="10.0.0.100", port=80)
VIP = InterfaceAddress(interface="eth0", address="10.0.0.100/32")
ALIAS = InterfaceAddress(interface="tunl0", address="10.0.0.101/32")
ARP = "net.ipv4.conf.all.arp_ignore"
ONE = Destination(address="10.0.0.61", port=80, forwarding=Forwarding.DR, weight=1)
TWO = Destination(address="10.0.0.62", port=80, forwarding=Forwarding.DR, weight=1)
WANT = NodeState(
    services=(ServiceState(service=Service(key=WEB, scheduler="rr"), destinations=(ONE, TWO)),),
    groups={"web": (VIP,)},
    aliases=(ALIAS,),
    links=("tunl0",),
    sysctls={ARP: 1},
    rules=(Mark(address="10.0.0.100", mark=7),),
)


def kernel() -> FakeKernel:
    made = FakeKernel()
    assert made.apply(plan(WANT, made.read())) == ()
    return made


def told(there: FakeKernel) -> list[str]:
    have = there.read()
    return list(found(plan(WANT, have), have))


def test_nothing_is_told_of_a_kernel_that_is_right() -> None:
    assert told(kernel()) == []


def test_a_flushed_table_is_one_finding_a_service() -> None:
    there = kernel()
    there.ipvs.table.clear()
    there.ipvs.destinations.clear()
    assert told(there) == ["the service -t 10.0.0.100:80 is gone"]


def test_each_change_in_the_table_says_what_was_there() -> None:
    there = kernel()
    realservers = there.ipvs.destinations[WEB]
    realservers["10.0.0.61", 80] = Destination(
        address="10.0.0.61", port=80, forwarding=Forwarding.DR, weight=9
    )
    del realservers["10.0.0.62", 80]
    realservers["10.0.0.9", 80] = Destination(
        address="10.0.0.9", port=80, forwarding=Forwarding.TUN, weight=3
    )
    there.ipvs.table[WEB] = Service(key=WEB, scheduler="wlc")
    assert told(there) == [
        "the service -t 10.0.0.100:80 is set otherwise",
        "-t 10.0.0.100:80 has -r 10.0.0.61:80 -g -w 9 and not -r 10.0.0.61:80 -g -w 1",
        "-t 10.0.0.100:80 lacks -r 10.0.0.62:80 -g -w 1",
        "-t 10.0.0.100:80 has -r 10.0.0.9:80 -i -w 3 --tun-type ipip, which is not configured",
    ]


def test_addresses_sysctls_devices_and_rules_are_told_and_records_are_not() -> None:
    there = kernel()
    there.addresses.found["eth0"].remove(VIP.address)
    there.addresses.found["lo"].append("10.0.0.100/32")
    there.addresses.up["tunl0"] = False
    there.sysctls.values[ARP] = 0
    there.packet_filter.found = RuleSet(damage="a rule of somebody else's in our chain")
    assert told(there) == [
        "tunl0 is down",
        f"{ARP} is 0 and not 1",
        "packet filter: a rule of somebody else's in our chain",
        "10.0.0.100/32 is gone from eth0",
    ]
