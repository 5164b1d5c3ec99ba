from __future__ import annotations

import ipaddress
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab import switch, topology
from tests.lab.topology import TOPOLOGIES, Topology

shapes = st.builds(
    topology.build,
    st.sampled_from(TOPOLOGIES),
    directors=st.integers(1, topology.MAX_DIRECTORS),
    realservers=st.integers(0, topology.MAX_REALSERVERS),
    heartbeat_networks=st.integers(1, 2),
)


@given(shapes)
def test_no_two_interfaces_share_an_address(lab: Topology) -> None:
    interfaces = list(chain.from_iterable(node.interfaces for node in lab.nodes.values()))
    for attribute in ("address", "address6", "mac"):
        values = [getattr(interface, attribute) for interface in interfaces]
        assert len(set(values)) == len(values)


@given(shapes)
def test_addresses_for_vips_are_free_and_all_addresses_are_valid(lab: Topology) -> None:
    for node in lab.nodes.values():
        for interface in node.interfaces:
            ipaddress.ip_interface(interface.address6)
            host = ipaddress.ip_interface(interface.address).packed[3]
            assert not 200 <= host <= 250
            assert host not in {topology.MACHINE_END, topology.NAT_GATEWAY}


@given(shapes)
def test_tap_names_fit_the_kernel_and_are_unique(lab: Topology) -> None:
    names = [name for name, _ in switch.taps(lab)]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 15 for name in names)


@given(shapes)
def test_gateways_are_on_a_network_of_the_node(lab: Topology) -> None:
    for node in lab.nodes.values():
        if node.gateway:
            networks = [ipaddress.ip_interface(a).network for a in node.addresses.values()]
            assert any(ipaddress.ip_address(node.gateway) in network for network in networks)


def test_a_lan_is_one_network() -> None:
    lab = topology.build("lan")
    assert list(lab.nodes) == ["dir1", "dir2", "rs1", "rs2", "client"]
    assert lab.nodes["dir2"].addresses == {"eth0": "10.77.0.12/24"}
    assert {len(node.interfaces) for node in lab.nodes.values()} == {1}


def test_nat_puts_directors_on_both_networks() -> None:
    lab = topology.build("nat", heartbeat_networks=2)
    assert list(lab.nodes["dir1"].addresses) == ["eth0", "eth1", "eth2"]
    assert list(lab.nodes["rs1"].addresses) == ["eth1", "eth2"]
    assert lab.nodes["rs1"].gateway == "10.77.1.254"
    assert list(lab.nodes["client"].addresses) == ["eth0"]
    assert lab.nodes["client"].gateway is None


@pytest.mark.parametrize(
    ("name", "counts", "complaint"),
    [
        ("ring", {}, "no topology 'ring'; there are lan, nat, tun"),
        ("lan", {"directors": 0}, "0 directors: the lab has 1 to"),
        ("lan", {"realservers": 1000}, "1000 realservers: the lab has 0 to"),
        ("lan", {"heartbeat_networks": 3}, "3 heartbeat networks"),
    ],
)
def test_an_impossible_cluster_is_refused(
    name: str, counts: dict[str, int], complaint: str
) -> None:
    with pytest.raises(topology.TopologyError, match=complaint):
        topology.build(name, **counts)


def test_an_unknown_node_is_answered_by_those_there_are() -> None:
    with pytest.raises(topology.TopologyError, match="no node 'x'; there are dir1, rs1, client"):
        topology.build("lan", directors=1, realservers=1).node("x")


def test_a_cut_drops_both_ways_and_one_way_only_one() -> None:
    both = switch.pairs(["dir1"], ["rs1", "dir1"], one_way=False)
    assert both == {switch.Cut("dir1", "rs1"), switch.Cut("rs1", "dir1")}
    assert switch.pairs(["dir1"], ["rs1"], one_way=True) == {switch.Cut("dir1", "rs1")}


def test_cuts_name_the_port_of_the_target_and_the_mark_of_the_source() -> None:
    lab = topology.build("lan")
    script = switch.cuts_script(lab, [switch.Cut("dir1", "rs1")])
    assert 'add element bridge lab cut { 1 . "rs1e0" }' in script
    assert 'iifname "dir1e0" meta mark set 1' in switch.filter_script(lab)
    assert switch.cuts_script(lab, []) == "flush set bridge lab cut\n"
