"""What one node's kernel should have: (configuration, who holds what, interfaces) -> NodeState.

Law: everything that decides what plvsd puts into a kernel is in here, as a function of its
arguments. The plan (`node_plan`) then only compares this with what is there.

Who has what, for a virtual service forwarded by direct routing:

===============================  ==================  =======================  =================
node                             IPVS service        address on an interface  alias on lo
===============================  ==================  =======================  =================
director that holds the group    yes                 yes                      no
director that offers the group   yes                 no                       yes
director standing by             yes (warm)          no                       no
director standing by, that is    no (it would        no                       yes
also a realserver of the VIP     schedule again)
realserver                       no                  no                       yes
===============================  ==================  =======================  =================

*Offering* is the middle of a handover: the node still serves packets that reach it, but no longer
answers ARP, so that its successor can take the address before it goes here and no packet is lost.
A node that holds or offers a group has its services even if an edit has just made it no director of
it any more: until somebody else has the group, this node is who is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_interface

from lvsm.core.errors import LvsmError
from lvsm.core.model import Configuration, Forwarding, IPAddress, VirtualService
from lvsm.core.operations import (
    Destination,
    Interface,
    InterfaceAddress,
    Service,
    ServiceKey,
    ServiceState,
)

LOOPBACK = "lo"

HIDE_ALIASES: Mapping[str, int] = {
    # Answer ARP only for addresses of the interface that was asked, and never announce an alias as
    # the source: the kernel takes the larger of `all` and the interface's own value (ip-sysctl).
    "net.ipv4.conf.all.arp_ignore": 1,
    "net.ipv4.conf.all.arp_announce": 2,
}
KEEP_NEIGHBOURS: Mapping[str, int] = {
    # When the first address of a network goes, the others stay (ip-sysctl); else a group that
    # leaves would take the addresses of those that remain with it.
    "net.ipv4.conf.all.promote_secondaries": 1,
}


class NoInterfaceError(LvsmError):
    """No interface of this node can carry a virtual service's address."""

    code = "no-interface"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The groups that this node holds, and those that it offers to a successor."""

    held: frozenset[str] = frozenset()
    offered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """What a node's kernel should have; `groups` maps a group to its addresses on interfaces."""

    services: tuple[ServiceState, ...] = ()
    groups: Mapping[str, tuple[InterfaceAddress, ...]] = field(default_factory=dict)
    aliases: tuple[InterfaceAddress, ...] = ()
    offered: Mapping[str, tuple[InterfaceAddress, ...]] = field(default_factory=dict)
    sysctls: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def desired(
    configuration: Configuration,
    group_ids: Mapping[str, Collection[str]],
    *,
    me: str,
    holding: Holding,
    interfaces: Sequence[Interface],
    fallback_interface: str | None = None,
) -> NodeState:
    """The state that node `me` should have.

    `group_ids` maps each group's id to the names of its virtual services; `interfaces` are this
    node's own (`KernelState.own_interfaces`); `fallback_interface` takes addresses that no network
    fits. A virtual service that cannot be placed is left out and named in `problems`.
    """
    groups: dict[str, tuple[InterfaceAddress, ...]] = {}
    offered: dict[str, tuple[InterfaceAddress, ...]] = {}
    problems: list[str] = []
    for group in sorted(group_ids):
        vips = [configuration.vips[name] for name in sorted(group_ids[group])]
        if group in holding.offered:
            offered[group] = _unique(_alias(vip) for vip in vips)
        elif group in holding.held:
            groups[group] = _unique(_placed(vips, interfaces, fallback_interface, problems))
    group_of = {name: group for group, names in group_ids.items() for name in names}
    own = [vip for vip in configuration.vips.values() if vip.enabled and vip.name in group_of]
    active = holding.held | holding.offered
    charge = [vip for vip in own if me in vip.directors or group_of[vip.name] in active]
    services = tuple(
        state
        for vip in charge
        if group_of[vip.name] in active or not answers_for(vip, me)
        for state in service_states(configuration, vip)
    )
    aliases = _unique(
        _alias(vip) for vip in own if answers_for(vip, me) and group_of[vip.name] not in active
    )
    return NodeState(
        services=services,
        groups=groups,
        aliases=aliases,
        offered=offered,
        sysctls=_sysctls(charge, aliases),
        problems=tuple(problems),
    )


def _sysctls(
    charge: Sequence[VirtualService], aliases: Sequence[InterfaceAddress]
) -> dict[str, int]:
    hide = HIDE_ALIASES if charge or aliases else {}
    networks = any(vip.explicit_prefix and vip.ip.version == 4 for vip in charge)
    return {**hide, **(KEEP_NEIGHBOURS if networks else {})}


def answers_for(vip: VirtualService, node: str) -> bool:
    """Whether `node` is a realserver of `vip` that must accept packets for its address itself."""
    return any(
        realserver.node == node and vip.forwarding_of(realserver) is not Forwarding.NAT
        for realserver in vip.realservers
    )


def service_keys(vip: VirtualService) -> tuple[ServiceKey, ...]:
    """The kernel's names of a virtual service: one for each port."""
    return tuple(
        ServiceKey(protocol=vip.protocol, address=str(vip.ip), port=port) for port in vip.ports
    )


def service_states(configuration: Configuration, vip: VirtualService) -> tuple[ServiceState, ...]:
    """The IPVS services, one for each port, that a director programs for `vip`."""
    return tuple(
        ServiceState(
            service=Service(
                key=key,
                scheduler=vip.scheduler,
                persistence=vip.persistence or 0,
                flags=vip.flags,
            ),
            destinations=_destinations(configuration, vip, key.port),
        )
        for key in service_keys(vip)
    )


def _destinations(
    configuration: Configuration, vip: VirtualService, port: int
) -> tuple[Destination, ...]:
    found: dict[tuple[IPAddress, int], Destination] = {}
    for realserver in vip.realservers:
        address = address_of(configuration, realserver.node)
        if address is None:
            continue  # validation asks for it at a Save; a node not yet seen cannot serve
        entry = Destination(
            address=str(address),
            port=realserver.port or port,
            forwarding=vip.forwarding_of(realserver),
            weight=realserver.weight,
        )
        # Two realservers may come to the same (one names the port, the other does not; two names
        # for one machine): the kernel has room for one, and the text's first is it.
        found.setdefault((address, entry.port), entry)
    return tuple(found.values())


def address_of(configuration: Configuration, node: str) -> IPAddress | None:
    """The address by which directors reach `node`, None while nobody has reported it."""
    entry = configuration.nodes.get(node)
    return entry.address if entry else None


def interface_for(
    vip: VirtualService, interfaces: Sequence[Interface], fallback: str | None
) -> InterfaceAddress:
    """Where a holder puts a virtual service's address, and with which prefix.

    The interface that the configuration names; else the one with the longest prefix around the
    address; else, when the text gave a prefix of its own, `fallback`. Inside a network that the
    interface already has, the address gets a full-length prefix, so that it never becomes the
    network's primary address. Raises NoInterfaceError when nothing fits.
    """
    best: tuple[int, str] | None = None
    for interface in interfaces:
        if vip.interface not in (None, interface.name):
            continue
        for text in interface.addresses:
            network = ip_interface(text).network
            if network.prefixlen == network.max_prefixlen or interface.name == LOOPBACK:
                continue
            if vip.ip in network and (best is None or network.prefixlen > best[0]):
                best = (network.prefixlen, interface.name)
    if best is not None:
        return InterfaceAddress(interface=best[1], address=_host(vip))
    chosen = vip.interface or (fallback if vip.explicit_prefix else None)
    if chosen is None or all(interface.name != chosen for interface in interfaces):
        raise NoInterfaceError(
            f"no interface of this node has a network around {vip.ip} (virtual service {vip.name}):"
            " give the address a prefix, name an `interface`, or choose other directors"
        )
    return InterfaceAddress(interface=chosen, address=str(vip.address))


def _placed(
    vips: Sequence[VirtualService],
    interfaces: Sequence[Interface],
    fallback: str | None,
    problems: list[str],
) -> Iterator[InterfaceAddress]:
    for vip in vips:
        try:
            yield interface_for(vip, interfaces, fallback)
        except NoInterfaceError as error:
            problems.append(error.message)


def _host(vip: VirtualService) -> str:
    return f"{vip.ip}/{vip.ip.max_prefixlen}"


def _alias(vip: VirtualService) -> InterfaceAddress:
    return InterfaceAddress(interface=LOOPBACK, address=_host(vip))


def _unique(addresses: Iterator[InterfaceAddress]) -> tuple[InterfaceAddress, ...]:
    return tuple(dict.fromkeys(addresses))
