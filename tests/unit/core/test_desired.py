from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from lvsm.core.desired import Holding, NoInterfaceError, desired, interface_for
from lvsm.core.model import Configuration, Forwarding, Node, Realserver, VirtualService
from lvsm.core.operations import Interface, InterfaceAddress, ServiceKey

INTERFACES = (
    Interface(name="lo", carrier=True, addresses=("127.0.0.1/8", "::1/128")),
    Interface(name="eth0", carrier=True, addresses=("10.0.0.11/24",)),
    Interface(name="eth1", carrier=True, addresses=("10.0.0.129/25", "10.1.0.11/24")),
)
ON_INTERFACE = InterfaceAddress(interface="eth0", address="10.0.0.100/32")
ON_LOOPBACK = InterfaceAddress(interface="lo", address="10.0.0.100/32")
IDS = {"web": ("web",)}


def web(**changes: object) -> VirtualService:
    values: dict[str, object] = {
        "name": "web",
        "address": ip_interface("10.0.0.100"),
        "ports": (80, 443),
        "directors": ("dir1", "dir2"),
        "realservers": (Realserver(node="rs1", weight=3), Realserver(node="dir2")),
    }
    return VirtualService(**{**values, **changes})  # type: ignore[arg-type]


def configuration(vip: VirtualService) -> Configuration:
    nodes = {
        name: Node(name=name, address=ip_address(address))
        for name, address in (("rs1", "10.0.0.21"), ("dir2", "10.0.0.12"))
    }
    return Configuration(nodes=nodes, vips={vip.name: vip})


def state(me: str, holding: Holding = Holding(), vip: VirtualService | None = None):  # type: ignore[no-untyped-def] # noqa: B008
    return desired(configuration(vip or web()), IDS, me=me, holding=holding, interfaces=INTERFACES)


def test_a_holder_has_the_services_and_the_address() -> None:
    want = state("dir1", Holding(held=frozenset({"web"})))
    assert [s.service.key.port for s in want.services] == [80, 443]
    assert [(d.address, d.port, d.weight) for d in want.services[1].destinations] == [
        ("10.0.0.21", 443, 3),
        ("10.0.0.12", 443, 1),
    ]
    assert want.groups == {"web": (ON_INTERFACE,)}
    assert want.aliases == ()


def test_a_director_that_offers_serves_on_behind_an_alias() -> None:
    want = state("dir1", Holding(offered=frozenset({"web"})))
    assert want.services
    assert want.groups == {}
    assert want.offered == {"web": (ON_LOOPBACK,)}
    assert want.sysctls["net.ipv4.conf.all.arp_ignore"] == 1


def test_a_standby_is_warm_and_has_no_address() -> None:
    want = state("dir1")
    assert len(want.services) == 2
    assert (want.groups, want.aliases, want.offered) == ({}, (), {})


def test_a_standby_that_is_a_realserver_must_not_schedule_again() -> None:
    want = state("dir2")
    assert want.services == ()
    assert want.aliases == (ON_LOOPBACK,)


def test_a_realserver_that_takes_over_drops_its_alias() -> None:
    want = state("dir2", Holding(held=frozenset({"web"})))
    assert want.aliases == ()
    assert len(want.services) == 2


def test_a_realserver_answers_for_the_address_in_hiding() -> None:
    want = state("rs1")
    assert want.services == ()
    assert want.aliases == (ON_LOOPBACK,)
    assert want.sysctls


def test_a_realserver_by_nat_needs_no_alias() -> None:
    assert state("rs1", vip=web(forwarding=Forwarding.NAT)).aliases == ()


def test_a_stranger_gets_nothing() -> None:
    want = state("rs9")
    assert (want.services, want.aliases, want.sysctls) == ((), (), {})


def test_a_disabled_virtual_service_is_nowhere() -> None:
    want = desired(
        configuration(web(enabled=False)),
        {},
        me="dir1",
        holding=Holding(held=frozenset({"web"})),
        interfaces=INTERFACES,
    )
    assert (want.services, want.groups) == ((), {})


def test_a_realserver_without_an_address_is_left_out() -> None:
    vip = web(realservers=(Realserver(node="rs9"),))
    assert state("dir1", vip=vip).services[0].destinations == ()


def test_the_interface_is_the_one_with_the_longest_prefix() -> None:
    vip = web(address=ip_interface("10.0.0.200"))
    assert interface_for(vip, INTERFACES, None).interface == "eth1"


def test_a_named_interface_wins_with_its_own_prefix() -> None:
    vip = web(address=ip_interface("10.0.0.100/24"), interface="eth1", explicit_prefix=True)
    assert interface_for(vip, INTERFACES, None) == InterfaceAddress(
        interface="eth1", address="10.0.0.100/24"
    )


def test_an_address_outside_all_networks_needs_a_prefix() -> None:
    vip = web(address=ip_interface("192.0.2.1"))
    with pytest.raises(NoInterfaceError):
        interface_for(vip, INTERFACES, "eth0")
    wide = web(address=ip_interface("192.0.2.1/24"), explicit_prefix=True)
    assert interface_for(wide, INTERFACES, "eth0").address == "192.0.2.1/24"


def test_what_cannot_be_placed_is_a_problem_not_a_crash() -> None:
    vip = web(address=ip_interface("192.0.2.1"))
    want = state("dir1", Holding(held=frozenset({"web"})), vip)
    assert want.groups == {"web": ()}
    assert len(want.problems) == 1


def test_keys_name_every_port() -> None:
    assert state("dir1").services[0].service.key == ServiceKey(
        protocol=web().protocol, address="10.0.0.100", port=80
    )
