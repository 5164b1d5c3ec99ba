from __future__ import annotations

import pytest

from lvsm.core.filter_rules import Mark, Masquerade
from lvsm.core.model import Forwarding, Protocol, Tunnel
from lvsm.core.operation_text import command
from lvsm.core.operations import (
    AddAddress,
    AddDestination,
    AddService,
    Announce,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    Destination,
    HoldGroup,
    InterfaceAddress,
    ReleaseGroup,
    RestoreSysctl,
    Service,
    ServiceKey,
    SetDestination,
    SetRules,
    SetService,
    SetSysctl,
    TakeDown,
    mark_key,
)

WEB = ServiceKey(protocol=Protocol.TCP, address="192.0.2.10", port=80)
WEB6 = ServiceKey(protocol=Protocol.UDP, address="2001:db8::10", port=53)
SCTP = ServiceKey(protocol=Protocol.SCTP, address="192.0.2.10", port=0)
VIP = InterfaceAddress(interface="eth0", address="192.0.2.10/32")
PLAIN = Destination(address="10.0.0.21", port=80, forwarding=Forwarding.DR, weight=3)
GUE = Destination(
    address="2001:db8::21",
    port=0,
    forwarding=Forwarding.TUN,
    weight=0,
    upper_threshold=9,
    lower_threshold=5,
    tunnel=Tunnel.GUE,
    tunnel_port=6080,
)
LINES: list[tuple[AnyOperation, str]] = [
    (
        AddService(service=Service(key=WEB, scheduler="wlc", persistence=60, netmask=24)),
        "ipvsadm -A -t 192.0.2.10:80 -s wlc -p 60 -M 255.255.255.0",
    ),
    (
        SetService(service=Service(key=WEB6, scheduler="rr", netmask=64, flags=("ops", "sched-3"))),
        "ipvsadm -E -u [2001:db8::10]:53 -s rr -M 64 -o -b flag-3",
    ),
    (
        AddService(
            service=Service(
                key=mark_key(7, 6), scheduler="mh", engine="sip", flags=("mh-fallback", "mh-port")
            )
        ),
        "ipvsadm -A -f 7 -6 -s mh --pe sip -b mh-fallback,mh-port",
    ),
    (DeleteService(key=mark_key(7, 4)), "ipvsadm -D -f 7"),
    (DeleteService(key=SCTP), "ipvsadm -D --sctp-service 192.0.2.10:0"),
    (
        AddDestination(key=WEB, destination=PLAIN),
        "ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.21:80 -g -w 3",
    ),
    (
        SetDestination(key=mark_key(7, 4), destination=GUE),
        "ipvsadm -e -f 7 -r [2001:db8::21]:0 -i -w 0 --tun-type gue --tun-port 6080 -x 9 -y 5",
    ),
    (
        DeleteDestination(key=WEB, address="10.0.0.21", port=8080),
        "ipvsadm -d -t 192.0.2.10:80 -r 10.0.0.21:8080",
    ),
    (AddAddress(address=VIP), "ip addr add 192.0.2.10/32 dev eth0"),
    (DeleteAddress(address=VIP), "ip addr del 192.0.2.10/32 dev eth0"),
    (SetSysctl(name="net.ipv4.ip_forward", value=1), "sysctl -w net.ipv4.ip_forward=1"),
    (RestoreSysctl(name="net.ipv4.ip_forward"), "# put net.ipv4.ip_forward back to what it was"),
    (BringUp(interface="tunl0"), "ip link set tunl0 up"),
    (TakeDown(interface="tunl0"), "ip link set tunl0 down"),
    (SetRules(), "# packet filter: no rules of LVSM"),
    (
        SetRules(
            rules=(
                Mark(address="192.0.2.10", mark=7, protocol=Protocol.TCP, ports=(80, 443)),
                Mark(address="192.0.2.11", mark=8),
                Masquerade(source="10.0.0.20/31", inside="eth1"),
            )
        ),
        "# packet filter: mark 7 for 192.0.2.10 tcp ports 80,443; mark 8 for 192.0.2.11;"
        " masquerade 10.0.0.20/31 but for what leaves by eth1",
    ),
    (Announce(address=VIP), "# announce 192.0.2.10/32 on eth0"),
    (HoldGroup(group="web", addresses=(VIP,)), "# note that group web is held"),
    (ReleaseGroup(group="web"), "# note that group web is not held"),
]


@pytest.mark.parametrize(("operation", "line"), LINES, ids=lambda value: type(value).__name__)
def test_an_operation_is_the_command_that_does_it(operation: AnyOperation, line: str) -> None:
    assert command(operation) == line


def test_every_kind_of_operation_has_a_line() -> None:
    assert {type(operation) for operation, _ in LINES} == set(AnyOperation.__args__)
