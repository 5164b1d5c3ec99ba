from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.model import Forwarding, Protocol
from lvsm.core.operations import (
    AddAddress,
    AddDestination,
    AddService,
    Announce,
    AnyOperation,
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    Destination,
    HoldGroup,
    InterfaceAddress,
    Owned,
    ReleaseGroup,
    RestoreSysctl,
    Service,
    ServiceKey,
    SetDestination,
    SetService,
    SetSysctl,
)
from lvsm.core.verbs import HaresourcesGroup
from lvsm.privileged.policy import PolicyError, check, check_haresources

KEY = ServiceKey(protocol=Protocol.TCP, address="192.0.2.10", port=80)
VIP = InterfaceAddress(interface="eth0", address="192.0.2.10/32")
OWNED = Owned(services=(KEY,), addresses=(VIP,))


def service(address: str = "192.0.2.10", scheduler: str = "wlc", **extra: object) -> Service:
    key = ServiceKey(protocol=Protocol.TCP, address=address, port=int(extra.pop("port", 80)))  # type: ignore[call-overload]
    return Service(key=key, scheduler=scheduler, **extra)  # type: ignore[arg-type]


def destination(address: str = "10.0.0.21", port: int = 80, weight: int = 1) -> Destination:
    return Destination(address=address, port=port, forwarding=Forwarding.DR, weight=weight)


def on(interface: str, address: str) -> InterfaceAddress:
    return InterfaceAddress(interface=interface, address=address)


def with_key(**parts: object) -> AddService:
    return AddService(service=Service(key=ServiceKey(**parts), scheduler="wlc"))  # type: ignore[arg-type]


GOOD: tuple[AnyOperation, ...] = (
    AddService(service=service()),
    SetService(service=service()),
    AddDestination(key=KEY, destination=destination()),
    SetDestination(key=KEY, destination=destination(weight=0)),
    DeleteDestination(key=KEY, address="10.0.0.21", port=80),
    DeleteService(key=KEY),
    AddAddress(address=on("lo", "192.0.2.10/32")),
    AddAddress(address=on("eth0.7", "2001:db8::1/64")),
    DeleteAddress(address=VIP),
    SetSysctl(name="net.ipv4.conf.all.arp_ignore", value=1),
    RestoreSysctl(name="net.ipv4.conf.all.arp_announce"),
    Announce(address=VIP),
    HoldGroup(group="web", addresses=(VIP,)),
    ReleaseGroup(group="web"),
    with_key(address="0.0.0.0", fwmark=7),
    with_key(address="::", fwmark=2**32 - 1),
    AddService(service=service(persistence=60, netmask=24, engine="sip")),
    AddService(service=service(port=0)),
)

OTHER = ServiceKey(protocol=Protocol.UDP, address="192.0.2.99", port=53)
BAD: tuple[AnyOperation, ...] = (
    AddService(service=service(address="127.0.0.1")),
    AddService(service=service(address="224.0.0.1")),
    AddService(service=service(address="0.0.0.0")),
    AddService(service=service(address="192.0.2.010")),
    AddService(service=service(address="::ffff:0:1")).__class__(service=service(address="::1")),
    AddService(service=service(address="not an address")),
    AddService(service=service(scheduler="wlc; reboot")),
    AddService(service=service(persistence=-1)),
    AddService(service=service(flags=("root",))),
    AddService(service=service(port=70000)),
    AddDestination(key=OTHER, destination=destination()),
    AddDestination(key=KEY, destination=destination(weight=-1)),
    AddDestination(key=KEY, destination=destination(weight=65536)),
    SetDestination(key=KEY, destination=destination(address="255.255.255.255")),
    SetDestination(key=KEY, destination=destination(port=-1)),
    DeleteDestination(key=OTHER, address="10.0.0.21", port=80),
    DeleteService(key=OTHER),
    AddAddress(address=on("eth0", "127.0.0.5/8")),
    AddAddress(address=on("eth0", "fe80::1/64")),
    AddAddress(address=on("eth0", "192.0.2.10/33")),
    AddAddress(address=on("eth0; reboot", "192.0.2.10/32")),
    AddAddress(address=on("a" * 16, "192.0.2.10/32")),
    AddAddress(address=on("lo", "10.0.0.0/8")),
    DeleteAddress(address=on("eth0", "10.0.0.11/24")),
    Announce(address=on("eth0", "10.0.0.1/24")),
    SetSysctl(name="kernel.core_pattern", value=1),
    SetSysctl(name="net.ipv4.conf.all.arp_ignore", value=99),
    SetSysctl(name="../../etc/passwd", value=0),
    RestoreSysctl(name="kernel.modprobe"),
    HoldGroup(group="../../etc/cron.d/x", addresses=()),
    HoldGroup(group="a..b", addresses=()),
    HoldGroup(group="web", addresses=(on("eth0", "0.0.0.0/0"),)),
    ReleaseGroup(group=""),
    ReleaseGroup(group="/etc/passwd"),
    with_key(address="0.0.0.0"),
    with_key(address="0.0.0.0", fwmark=2**32),
    with_key(address="0.0.0.0", fwmark=-1),
    with_key(address="0.0.0.0", fwmark=7, port=80),
    with_key(address="192.0.2.10", fwmark=7),
    with_key(address="192.0.2.10", fwmark=7, protocol=Protocol.TCP),
    AddService(service=service(netmask=32)),
    AddService(service=service(netmask=-1)),
    AddService(service=service(engine="../../evil")),
    SetDestination(
        key=KEY,
        destination=Destination(
            address="10.0.0.21", port=80, forwarding=Forwarding.TUN, weight=1, tunnel_port=65536
        ),
    ),
)


@pytest.mark.parametrize("operation", GOOD, ids=repr)
def test_what_lvsm_does_is_accepted(operation: AnyOperation) -> None:
    check([operation], OWNED)


@pytest.mark.parametrize("operation", BAD, ids=repr)
def test_what_it_never_does_is_refused(operation: AnyOperation) -> None:
    with pytest.raises(PolicyError, match="operation 1"):
        check([GOOD[0], operation], OWNED)


def test_what_the_same_batch_makes_may_be_used_and_removed() -> None:
    check(
        [
            AddService(service=service(address="192.0.2.99")),
            AddDestination(key=service(address="192.0.2.99").key, destination=destination()),
            AddAddress(address=on("eth0", "192.0.2.99/32")),
            Announce(address=on("eth0", "192.0.2.99/32")),
            DeleteAddress(address=on("eth0", "192.0.2.99/32")),
        ],
        Owned(),
    )


def line(**changes: object) -> HaresourcesGroup:
    values: dict[str, object] = {
        "group": "web",
        "directors": ("dir1", "dir2"),
        "addresses": ("192.0.2.10",),
        "vips": ("web",),
    }
    return HaresourcesGroup(**{**values, **changes})  # type: ignore[arg-type]


def test_a_line_for_haresources_is_accepted() -> None:
    check_haresources([line()], {"dir1", "dir2", "rs1"})


@pytest.mark.parametrize(
    "bad",
    [
        line(group="web\nroot /bin/sh"),
        line(group="Filesystem::/dev/sda"),
        line(directors=()),
        line(directors=("dir1", "evil")),
        line(directors=("dir1\nroot",)),
        line(addresses=("192.0.2.10\nroot /bin/sh",)),
        line(vips=("web\nroot",)),
    ],
    ids=repr,
)
def test_a_line_that_could_run_something_else_is_refused(bad: HaresourcesGroup) -> None:
    with pytest.raises(PolicyError):
        check_haresources([bad], {"dir1", "dir2"})


def test_a_group_has_one_line() -> None:
    with pytest.raises(PolicyError):
        check_haresources([line(), line()], {"dir1", "dir2"})


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.sampled_from(("127.0.0.1", "169.254.1.1", "224.0.0.1", "255.0.0.1", "0.1.2.3", "::1")),
        st.text("0123456789.:a\0", max_size=18),
    )
)
def test_a_realserver_s_address_is_a_service_s(text: str) -> None:
    """The quick way for the many refuses just what the plain way for the few does."""
    other = AddService(service=service(address=text))
    realserver = Destination(address=text, port=80, forwarding=Forwarding.DR, weight=1)
    refused = []
    for operation in (other, AddDestination(key=KEY, destination=realserver)):
        try:
            check([GOOD[0], operation], OWNED)
        except PolicyError:
            refused.append(operation)
    assert len(refused) in (0, 2)
