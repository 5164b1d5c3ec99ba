"""What one node's kernel should have: (configuration, who holds what, interfaces) -> NodeState.

Law: everything that decides what plvsd puts into a kernel is in here, as a function of its
arguments. The plan (`node_plan`) then only compares this with what is there.

Who has what, for a virtual service forwarded by direct routing or tunnel (`methods` has where the
hidden alias is, and what else each method needs):

===============================  ==================  =======================  =================
node                             IPVS service        address on an interface  hidden alias
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
Health decides with the configuration, where a virtual service has a check: a realserver that fails
has weight 0 or no destination, as the service says, and `min_up` of them stay all the same.
The overlay decides with both: a weight that an operator gave, 0 for a realserver that
drains (its established connections live on), no destination at all for one that is disabled.

A node that holds or offers a group has its services even if an edit has just made it no director of
it any more: until somebody else has the group, this node is who is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_interface

from lvsm.core import methods
from lvsm.core.adjusting import adjusted
from lvsm.core.check import OnFailure
from lvsm.core.errors import LvsmError
from lvsm.core.filter_rules import AnyRule, Masquerade
from lvsm.core.health import NOTHING as NO_HEALTH
from lvsm.core.health import Health
from lvsm.core.health_effects import in_service
from lvsm.core.methods import HIDDEN
from lvsm.core.model import (
    Configuration,
    ForeignServices,
    Forwarding,
    IPAddress,
    Realserver,
    Tunnel,
    VirtualService,
)
from lvsm.core.operations import (
    AddressText,
    Destination,
    Interface,
    InterfaceAddress,
    Service,
    ServiceKey,
    ServiceState,
    TunnelText,
    mark_key,
)
from lvsm.core.overlay import NOTHING, Overlay

FALLBACKS: Mapping[str, str] = {
    # These hash a client to one realserver, and without the flag they refuse the client when that
    # one has weight 0 (ip_vs_mh.c, ip_vs_sh.c).
    "mh": "mh-fallback",
    "sh": "sh-fallback",
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
    """What a node's kernel should have; `groups` maps a group to its addresses on interfaces.

    `foreign` says what becomes of services that LVSM did not make.
    """

    services: tuple[ServiceState, ...] = ()
    groups: Mapping[str, tuple[InterfaceAddress, ...]] = field(default_factory=dict)
    aliases: tuple[InterfaceAddress, ...] = ()
    offered: Mapping[str, tuple[InterfaceAddress, ...]] = field(default_factory=dict)
    sysctls: Mapping[str, int] = field(default_factory=dict)
    links: tuple[TunnelText, ...] = ()
    rules: tuple[AnyRule, ...] = ()
    problems: tuple[str, ...] = ()
    foreign: ForeignServices = ForeignServices.ADOPT


def desired(
    configuration: Configuration,
    group_ids: Mapping[str, Collection[str]],
    *,
    me: str,
    holding: Holding,
    interfaces: Sequence[Interface],
    fallback_interface: str | None = None,
    ways_out: Mapping[AddressText, AddressText] | None = None,
    overlay: Overlay = NOTHING,
    health: Health = NO_HEALTH,
) -> NodeState:
    """The state that node `me` should have.

    `group_ids` maps each group's id to the names of its virtual services; `interfaces` are this
    node's own (`KernelState.own_interfaces`); `fallback_interface` takes addresses that no network
    fits; `ways_out` is what the kernel answered about `methods.ways_out_wanted`. What cannot be
    placed is left out and named in `problems`, and so is what plvsd may not change itself.
    """
    place = _Placing(interfaces, fallback_interface)
    groups: dict[str, tuple[InterfaceAddress, ...]] = {}
    offered: dict[str, tuple[InterfaceAddress, ...]] = {}
    for group in sorted(group_ids):
        vips = [configuration.vips[name] for name in sorted(group_ids[group])]
        if group in holding.offered:
            offered[group] = _unique(methods.alias(vip) for vip in vips)
        elif group in holding.held:
            groups[group] = _unique(address for vip in vips for address in place.all_of(vip))
    group_of = {name: group for group, names in group_ids.items() for name in names}
    own = [vip for vip in configuration.vips.values() if vip.enabled and vip.name in group_of]
    active = holding.held | holding.offered
    charge = [vip for vip in own if me in vip.directors or group_of[vip.name] in active]
    idle = [vip for vip in own if group_of[vip.name] not in active]
    answered = [vip for vip in idle if methods.aliases(configuration, vip, me)]
    programmed = [
        vip for vip in charge if group_of[vip.name] in active or not _schedules_again(vip, answered)
    ]
    services = tuple(
        state for vip in programmed for state in service_states(configuration, vip, overlay, health)
    )
    aliases = _unique(a for vip in idle for a in methods.aliases(configuration, vip, me))
    answers = methods.ways_out_wanted(configuration, idle, me)
    return NodeState(
        services=services,
        groups=groups,
        aliases=aliases,
        offered=offered,
        sysctls=methods.sysctls(charge, aliases),
        links=methods.links(aliases),
        foreign=configuration.cluster.foreign_services,
        rules=(*_masquerades(configuration, charge, me, place), *methods.marks(programmed)),
        problems=(*dict.fromkeys(place.problems), *methods.astray(answers, ways_out or {})),
    )


def without_ipvs(want: NodeState) -> NodeState:
    """What remains for a kernel without IPVS: it may be a realserver, never a director."""
    own = {name: value for name, value in want.sysctls.items() if ".vs." not in name}
    return NodeState(
        aliases=want.aliases,
        sysctls=own if want.aliases else {},
        links=want.links,
        problems=want.problems,
    )


def _masquerades(
    configuration: Configuration, charge: Sequence[VirtualService], me: str, place: _Placing
) -> tuple[Masquerade, ...]:
    gateways = ((vip, place.gateway_of(vip)) for vip in charge)
    found = [(vip, gateway) for vip, gateway in gateways if gateway is not None]
    return methods.masquerades(configuration, found, me)


def _schedules_again(vip: VirtualService, answered: Sequence[VirtualService]) -> bool:
    """Whether a service for `vip` would take the packets that this node must answer itself.

    `answered` are those that it is a realserver of by dr or tun. A service of all ports also takes
    what is for another virtual service of the same address.
    """
    return any(
        other is vip or (vip.all_ports and (vip.ip, vip.protocol) == (other.ip, other.protocol))
        for other in answered
    )


def service_keys(vip: VirtualService) -> tuple[ServiceKey, ...]:
    """The kernel's names of a virtual service: its firewall mark, or one for each port."""
    if vip.fwmark is not None:
        return (mark_key(vip.fwmark, vip.ip.version),)
    return tuple(
        ServiceKey(protocol=vip.protocol, address=str(vip.ip), port=port) for port in vip.ports
    )


def service_states(
    configuration: Configuration,
    vip: VirtualService,
    overlay: Overlay = NOTHING,
    health: Health = NO_HEALTH,
) -> tuple[ServiceState, ...]:
    """The IPVS services, one for each port or one for the mark, that a director programs."""
    bits = vip.persistence_netmask
    serving = in_service(vip, overlay, health)
    found = []
    for key in service_keys(vip):
        destinations = _destinations(configuration, vip, key.port, overlay, serving)
        service = Service(
            key=key,
            scheduler=vip.scheduler,
            persistence=vip.persistence or 0,
            netmask=0 if bits is None or bits == vip.ip.max_prefixlen else bits,
            engine=vip.persistence_engine or "",
            flags=_flags(vip, destinations),
        )
        found.append(ServiceState(service=service, destinations=destinations))
    return tuple(found)


def _flags(vip: VirtualService, destinations: Sequence[Destination]) -> tuple[str, ...]:
    """The service's own flags, and while a realserver has weight 0 what keeps its clients served.

    Others keep the realserver that they are hashed to.
    """
    flags = (*vip.flags, "ops") if vip.one_packet else vip.flags
    fallback = FALLBACKS.get(vip.scheduler)
    if fallback is None or fallback in flags or all(entry.weight for entry in destinations):
        return flags
    return (*flags, fallback)


def _destinations(
    configuration: Configuration,
    vip: VirtualService,
    port: int,
    overlay: Overlay,
    serving: Collection[str] | None,
) -> tuple[Destination, ...]:
    """The realservers at `port`, and the sorry server while none of them takes connections."""
    found: dict[tuple[str, int], Destination] = {}

    def add(realserver: Realserver, weight: int) -> None:
        node = configuration.nodes.get(realserver.node)
        if node is None or not node.text:
            return  # validation asks for it at a Save; a node not yet seen cannot serve
        entry = _destination(vip, realserver, node.text, port, weight)
        # Two realservers may come to the same (one names the port, the other does not; two names
        # for one machine): the kernel has room for one, and the text's first is it.
        found.setdefault((entry.address, entry.port), entry)

    for realserver in vip.realservers:
        if not overlay.count and serving is None:
            add(realserver, realserver.weight)
            continue
        wanted = adjusted(overlay, vip.name, realserver)
        failing = serving is not None and wanted.weight and realserver.label not in serving
        if wanted.in_table and not (failing and vip.on_failure is OnFailure.REMOVE):
            add(realserver, 0 if failing else wanted.weight)
    if vip.sorry is not None and not any(entry.weight for entry in found.values()):
        add(vip.sorry, vip.sorry.weight)
    return tuple(found.values())


def _destination(
    vip: VirtualService, realserver: Realserver, address: str, port: int, weight: int
) -> Destination:
    method = vip.forwarding_of(realserver)
    wrapped = method is Forwarding.TUN
    return Destination(
        address=address,
        port=realserver.port or port,
        forwarding=method,
        weight=weight,
        upper_threshold=realserver.upper,
        lower_threshold=realserver.lower,
        tunnel=realserver.tunnel if wrapped else Tunnel.IPIP,
        tunnel_port=(realserver.tunnel_port or 0) if wrapped else 0,
    )


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
    around = _around(vip.ip, interfaces, vip.interface)
    if around is not None:
        return around
    chosen = vip.interface or (fallback if vip.explicit_prefix else None)
    if chosen is None or all(interface.name != chosen for interface in interfaces):
        raise NoInterfaceError(
            f"no interface of this node has a network around {vip.ip} (virtual service {vip.name}):"
            " give the address a prefix, name an `interface`, or choose other directors"
        )
    return InterfaceAddress(interface=chosen, address=str(vip.address))


def _around(
    ip: IPAddress, interfaces: Sequence[Interface], only: str | None = None
) -> InterfaceAddress | None:
    """`ip` on the interface (`only` that one, if given) with the longest prefix around it."""
    best: tuple[int, str] | None = None
    for interface in interfaces:
        if only not in (None, interface.name) or interface.name in HIDDEN:
            continue
        for text in interface.addresses:
            network = _network(text)
            if network.prefixlen == network.max_prefixlen:
                continue
            if ip in network and (best is None or network.prefixlen > best[0]):
                best = (network.prefixlen, interface.name)
    if best is None:
        return None
    return InterfaceAddress(interface=best[1], address=f"{ip}/{ip.max_prefixlen}")


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network:
    """The network of an interface's address: asked for each virtual service anew."""
    return ip_interface(text).network


class _Placing:
    """Finds the interfaces for addresses, and keeps what to tell where there is none."""

    def __init__(self, interfaces: Sequence[Interface], fallback: str | None) -> None:
        self._interfaces = interfaces
        self._fallback = fallback
        self.problems: list[str] = []

    def all_of(self, vip: VirtualService) -> Iterator[InterfaceAddress]:
        """A virtual service's address and its gateway, those that have a place."""
        try:
            yield interface_for(vip, self._interfaces, self._fallback)
        except NoInterfaceError as error:
            self.problems.append(error.message)
        gateway = self.gateway_of(vip)
        if gateway is not None:
            yield gateway

    def gateway_of(self, vip: VirtualService) -> InterfaceAddress | None:
        """Where a virtual service's gateway for nat belongs; None when it has none, or no place.

        The network around it must be there already: the realservers are reached by it.
        """
        if vip.nat_gateway is None:
            return None
        found = _around(vip.nat_gateway.ip, self._interfaces)
        if found is None:
            self.problems.append(
                f"no interface of this node has a network around {vip.nat_gateway.ip}, the gateway"
                f" of {vip.name}: a director by nat needs an address in its realservers' network"
            )
        return found


def _unique(addresses: Iterator[InterfaceAddress]) -> tuple[InterfaceAddress, ...]:
    return tuple(dict.fromkeys(addresses))
