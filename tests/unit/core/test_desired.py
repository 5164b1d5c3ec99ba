from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from lvsm.core.desired import Holding, NoInterfaceError, desired, interface_for
from lvsm.core.filter_rules import Mark
from lvsm.core.model import (
    ALL_PORTS,
    Configuration,
    Forwarding,
    Node,
    Protocol,
    Realserver,
    Tunnel,
    VirtualService,
)
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


def test_a_mark_is_one_service_whatever_its_ports() -> None:
    want = state("dir1", vip=web(fwmark=7, persistence=300, persistence_netmask=24))
    (service,) = want.services
    assert service.service.key == ServiceKey(address="0.0.0.0", fwmark=7)
    assert (service.service.persistence, service.service.netmask) == (300, 24)
    assert {entry.port for entry in service.destinations} == {0}


def test_what_comes_to_the_ports_of_a_marked_service_is_marked() -> None:
    ports = tuple(range(1, 18))
    assert state("dir1", vip=web(fwmark=7, ports=ports)).rules == (
        Mark(address="10.0.0.100", mark=7, protocol=Protocol.TCP, ports=ports[:15]),
        Mark(address="10.0.0.100", mark=7, protocol=Protocol.TCP, ports=ports[15:]),
    )
    assert state("dir1", vip=web(fwmark=7, ports=ALL_PORTS)).rules == (
        Mark(address="10.0.0.100", mark=7, protocol=Protocol.TCP),
    )
    assert state("dir1", vip=web(fwmark=7, ports=())).rules == ()
    assert state("dir1").rules == ()
    assert state("dir2", vip=web(fwmark=7)).rules == ()


def test_all_ports_are_port_0() -> None:
    (service,) = state("dir1", vip=web(ports=ALL_PORTS, persistence=60)).services
    assert service.service.key.port == 0
    assert {entry.port for entry in service.destinations} == {0}


def test_a_netmask_of_all_bits_is_none() -> None:
    want = state("dir1", vip=web(persistence=60, persistence_netmask=32))
    assert want.services[0].service.netmask == 0


def test_the_sorry_server_is_there_while_nobody_takes_connections() -> None:
    sorry = Realserver(node="dir2", forwarding=Forwarding.TUN)
    drained = (Realserver(node="rs1", weight=0),)
    want = state("dir1", vip=web(realservers=drained, sorry=sorry))
    assert [(d.address, d.weight, d.forwarding) for d in want.services[0].destinations] == [
        ("10.0.0.21", 0, Forwarding.DR),
        ("10.0.0.12", 1, Forwarding.TUN),
    ]
    served = state("dir1", vip=web(realservers=(Realserver(node="rs1"),), sorry=sorry))
    assert [d.address for d in served.services[0].destinations] == ["10.0.0.21"]


def test_a_sorry_server_answers_for_the_address() -> None:
    vip = web(realservers=(), sorry=Realserver(node="rs1"))
    assert state("rs1", vip=vip).aliases == (ON_LOOPBACK,)


def test_a_standby_realserver_has_no_service_of_all_ports_for_its_address() -> None:
    whole = web(name="whole", ports=ALL_PORTS, persistence=60, realservers=())
    both = replace(configuration(web()), vips={"web": web(), "whole": whole})
    want = desired(
        both, {"web": ("web", "whole")}, me="dir2", holding=Holding(), interfaces=INTERFACES
    )
    assert want.services == ()


def test_thresholds_flags_and_tunnels_reach_the_kernel() -> None:
    entry = Realserver(
        node="rs1",
        forwarding=Forwarding.TUN,
        upper=9,
        lower=5,
        tunnel=Tunnel.GUE,
        tunnel_port=6080,
    )
    (first, _) = state("dir1", vip=web(one_packet=True, realservers=(entry,))).services
    assert first.service.flags == ("ops",)
    (found,) = first.destinations
    assert (found.upper_threshold, found.lower_threshold) == (9, 5)
    assert (found.tunnel, found.tunnel_port) == (Tunnel.GUE, 6080)


def test_directors_let_nobody_into_a_drained_realserver_by_an_old_port() -> None:
    assert state("dir2").sysctls["net.ipv4.vs.expire_nodest_conn"] == 1
    assert "net.ipv4.vs.expire_nodest_conn" not in state("rs1").sysctls


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.SCTP])
def test_directors_that_choose_alike_join_in_midway(protocol: Protocol) -> None:
    name = f"net.ipv4.vs.sloppy_{protocol}"
    hashed = web(scheduler="mh", protocol=protocol)
    assert name not in state("dir2", vip=hashed).sysctls
    assert state("dir2", vip=replace(hashed, flags=("mh-port",))).sysctls[name] == 1
