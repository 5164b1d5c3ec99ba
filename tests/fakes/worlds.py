"""Random configurations and kernels, small enough that everything soon meets everything else."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from hypothesis import strategies as st

from lvsm.core.desired import Holding, NodeState, desired
from lvsm.core.groups import Group, assign, groups
from lvsm.core.model import (
    Configuration,
    Forwarding,
    Node,
    Protocol,
    Realserver,
    Tunnel,
    VirtualService,
)
from lvsm.core.operations import (
    Destination,
    Interface,
    Service,
    ServiceKey,
    ServiceState,
    mark_key,
)
from tests.fakes.kernel import INTERFACES, IPVS_SYSCTLS, SYSCTLS, FakeKernel

ME = "dir2"
DIRECTORS = ("dir1", "dir2", "dir3")
NODES = {
    name: Node(name=name, address=ip_address(address))
    for name, address in {
        "dir1": "10.0.0.11",
        "dir2": "10.0.0.12",
        "dir3": "10.0.0.13",
        "rs1": "10.0.0.61",
        "rs2": "10.0.0.62",
        "twin": "10.0.0.62",
    }.items()
}
ADDRESSES = ("10.0.0.100", "10.0.0.101", "192.0.2.1/24", "192.0.2.2/24", "2001:db8:1::100")
"""Virtual addresses: inside networks that INTERFACES have, and two that bring their own."""
GATEWAYS = {"10.0.0.100": "10.1.0.254/24", "192.0.2.1/24": "10.1.0.253/24"}
"""The gateways for nat of some of them."""


def realservers(methods: st.SearchStrategy[Forwarding]) -> st.SearchStrategy[Realserver]:
    """Realservers, some of them directors, some unknown, two with one address."""
    return st.builds(
        Realserver,
        node=st.sampled_from((*NODES, "unknown")),
        port=st.sampled_from((None, 80, 8080)),
        weight=st.integers(0, 3),
        forwarding=st.none() | methods,
    )


@st.composite
def vips(draw: st.DrawFn, index: int, directors: dict[str, tuple[str, ...]]) -> VirtualService:
    """The virtual service number `index`; its ports are like nobody else's.

    One on IPv6 uses tunnels, for all realservers have IPv4 addresses.
    """
    address = draw(st.sampled_from(ADDRESSES))
    methods = st.just(Forwarding.TUN) if ":" in address else st.sampled_from(Forwarding)
    return VirtualService(
        name=f"w{index}",
        address=ip_interface(address),
        explicit_prefix="/" in address,
        ports=draw(st.sampled_from(((80 + index,), (80 + index, 180 + index)))),
        scheduler=draw(st.sampled_from(("rr", "wlc", "mh"))),
        forwarding=draw(methods),
        nat_gateway=ip_interface(GATEWAYS[address]) if address in GATEWAYS else None,
        directors=directors[address],
        persistence=draw(st.sampled_from((None, 60))),
        enabled=draw(st.integers(0, 9)) > 0,
        realservers=tuple(draw(st.lists(realservers(methods), max_size=4))),
    )


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """A configuration that keeps the rule that an address has one list of directors."""
    lists = st.lists(st.sampled_from(DIRECTORS), min_size=1, unique=True).map(tuple)
    directors = {address: draw(lists) for address in ADDRESSES}
    found = [draw(vips(index, directors)) for index in range(draw(st.integers(0, 4)))]
    return Configuration(nodes=NODES, vips={vip.name: vip for vip in found})


@st.composite
def holdings(draw: st.DrawFn, ids: tuple[str, ...]) -> Holding:
    """Some groups held, some offered, some neither."""
    fates = {group: draw(st.sampled_from(("held", "offered", "neither"))) for group in ids}
    return Holding(
        held=frozenset(group for group, fate in fates.items() if fate == "held"),
        offered=frozenset(group for group, fate in fates.items() if fate == "offered"),
    )


def groups_of(configuration: Configuration) -> dict[str, Group]:
    """The groups of a configuration that nothing was before."""
    return groups(configuration, assign({}, configuration))


def wanted(
    configuration: Configuration, holding: Holding, interfaces: tuple[Interface, ...]
) -> NodeState:
    """What ME should have."""
    found = groups_of(configuration)
    return desired(
        configuration,
        {group.id: group.vips for group in found.values()},
        me=ME,
        holding=holding,
        interfaces=interfaces,
        fallback_interface="eth0",
    )


@st.composite
def aims(draw: st.DrawFn) -> tuple[Configuration, Holding]:
    """A configuration, and what of it ME holds."""
    configuration = draw(configurations())
    return configuration, draw(holdings(tuple(groups_of(configuration))))


destinations = st.builds(
    Destination,
    address=st.sampled_from(("10.0.0.61", "10.0.0.62", "10.0.0.99")),
    port=st.sampled_from((80, 81, 8080)),
    forwarding=st.sampled_from(Forwarding),
    weight=st.integers(0, 3),
    upper_threshold=st.sampled_from((0, 100)),
    tunnel=st.sampled_from((Tunnel.IPIP, Tunnel.GRE)),
)
keys = st.one_of(
    st.builds(
        ServiceKey,
        protocol=st.sampled_from((Protocol.TCP, Protocol.UDP)),
        address=st.sampled_from(("10.0.0.100", "192.0.2.1", "203.0.113.9")),
        port=st.sampled_from((0, 80, 81, 82, 180)),
    ),
    st.builds(mark_key, st.sampled_from((7, 8)), st.just(4)),
)
services = st.builds(
    Service,
    key=keys,
    scheduler=st.sampled_from(("rr", "wlc")),
    persistence=st.sampled_from((0, 60)),
    netmask=st.sampled_from((0, 24)),
    engine=st.sampled_from(("", "sip")),
    flags=st.sampled_from(((), ("ops",), ("sched-1",))),
)
tables = st.lists(
    st.builds(
        ServiceState,
        service=services,
        destinations=st.lists(
            destinations, max_size=3, unique_by=lambda d: (d.address, d.port)
        ).map(tuple),
    ),
    max_size=4,
    unique_by=lambda state: state.service.key,
).map(tuple)
"""IPVS tables with any number of services, each once."""

kernels = st.builds(
    FakeKernel,
    services=tables,
    interfaces=st.just(INTERFACES),
    sysctls=st.fixed_dictionaries(
        {
            **{name: st.integers(0, 1) for name in (*SYSCTLS, *IPVS_SYSCTLS)},
            "net.ipv4.conf.all.arp_ignore": st.integers(0, 2),
            "net.ipv4.conf.all.arp_announce": st.integers(0, 2),
            "net.ipv4.conf.all.promote_secondaries": st.integers(0, 1),
        }
    ),
)
"""Kernels that somebody else has put services and sysctls into."""
