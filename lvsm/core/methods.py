"""What the forwarding methods need of the kernel at both ends, beside IPVS and the addresses.

Law: each method's needs stand here as data and small functions; `desired` adds them up.

======  ================================================  ======================================
method  on directors                                      on realservers
======  ================================================  ======================================
dr      nothing                                           the address on `lo`, hidden from ARP
tun     nothing (IPVS wraps the packets itself)           the address on the tunnel's device, that
                                                          device up, its reverse path filter loose
nat     forwarding on; the realservers' own traffic       the gateway as default route: checked and
        masqueraded; the gateway's address, which moves   told, never changed
        with the group
======  ================================================  ======================================

IPv6 needs no sysctl to hide an alias: a neighbour solicitation is answered only for addresses of
the interface that it came in by (the kernel's ndisc.c), so one on `lo` or on a tunnel's device
stays unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from lvsm.core.filter_rules import MOST_PORTS, Mark, Masquerade
from lvsm.core.model import (
    Configuration,
    Forwarding,
    IPAddress,
    IPInterface,
    Protocol,
    Realserver,
    VirtualService,
)
from lvsm.core.operations import AddressText, InterfaceAddress, TunnelText

LOOPBACK = "lo"
TUNNELS: tuple[TunnelText, ...] = ("tunl0", "ip6tnl0", "sit0")
HIDDEN = frozenset((LOOPBACK, *TUNNELS))
"""Interfaces whose addresses no neighbour gets to see."""

HIDE_ALIASES: Mapping[str, int] = {
    # Answer ARP only for addresses of the interface that was asked, and never announce an alias as
    # the source: the kernel takes the larger of `all` and the interface's own value (ip-sysctl).
    "net.ipv4.conf.all.arp_ignore": 1,
    "net.ipv4.conf.all.arp_announce": 2,
}
DRAIN: Mapping[str, int] = {
    # A client's port that comes again within two minutes belongs to an old connection, and under
    # direct routing IPVS saw only half of its end: without this its SYN goes to a realserver of
    # weight 0 (ip_vs_core.c, ip_vs_in_hook). Established connections stay.
    "net.ipv4.vs.expire_nodest_conn": 1,
}
LET_GO_OF_QUIET: Mapping[str, int] = {
    # A persistent client's new connections leave a realserver of weight 0; the established ones
    # stay (ipvs-sysctl: expire_quiescent_template). Else it would be drained of nobody.
    "net.ipv4.vs.expire_quiescent_template": 1,
}
JOIN_MIDWAY: Mapping[Protocol, Mapping[str, int]] = {
    # Directors that choose by the client's address and port alone (mh with mh-port) choose alike,
    # so one that takes over may go on in the middle of a connection that it never saw begin
    # (ipvs-sysctl: sloppy_tcp). It holds for all services; a packet of no connection is then
    # refused by a realserver and not by the director.
    Protocol.TCP: {"net.ipv4.vs.sloppy_tcp": 1},
    Protocol.SCTP: {"net.ipv4.vs.sloppy_sctp": 1},
    Protocol.UDP: {},
}
KEEP_NEIGHBOURS: Mapping[str, int] = {
    # When the first address of a network goes, the others stay (ip-sysctl); else a group that
    # leaves would take the addresses of those that remain with it.
    "net.ipv4.conf.all.promote_secondaries": 1,
}
FORWARD: Mapping[int, Mapping[str, int]] = {
    # Switching IPv4 forwarding on makes the kernel refuse redirects too (ip-sysctl), which
    # switching it off would not undo as it was: so that is a change of its own, and remembered.
    4: {"net.ipv4.conf.all.accept_redirects": 0, "net.ipv4.ip_forward": 1},
    6: {"net.ipv6.conf.all.forwarding": 1},
}
LOOSE: Mapping[str, Mapping[str, int]] = {
    # What a tunnel brings comes from clients, whose way back is another interface: a strict filter
    # would drop it. The larger of `all` and the device's own value counts, so 2 is enough.
    "tunl0": {"net.ipv4.conf.tunl0.rp_filter": 2},
    "ip6tnl0": {"net.ipv4.conf.ip6tnl0.rp_filter": 2},
    "sit0": {},
}


def tunnel_of(outer: IPAddress, inner: IPAddress) -> TunnelText:
    """The device that unpacks packets for `inner` that a director sends to `outer`.

    IPVS wraps in the family of the realserver's address (ip_vs_xmit.c).
    """
    if outer.version == 6:
        return "ip6tnl0"
    return "tunl0" if inner.version == 4 else "sit0"


def alias(vip: VirtualService, device: str = LOOPBACK) -> InterfaceAddress:
    """A virtual service's address where no neighbour sees it."""
    return InterfaceAddress(interface=device, address=f"{vip.ip}/{vip.ip.max_prefixlen}")


def aliases(configuration: Configuration, vip: VirtualService, me: str) -> list[InterfaceAddress]:
    """The hidden addresses by which `me` answers for `vip` as its realserver; none by nat."""
    found = (_device(configuration, vip, entry) for entry in vip.servers() if entry.node == me)
    return [alias(vip, device) for device in dict.fromkeys(found) if device is not None]


def _device(
    configuration: Configuration, vip: VirtualService, realserver: Realserver
) -> str | None:
    method = vip.forwarding_of(realserver)
    if method is Forwarding.TUN:
        node = configuration.nodes.get(realserver.node)
        address = node.address if node else None
        return tunnel_of(address or vip.ip, vip.ip)
    return LOOPBACK if method is Forwarding.DR else None


def links(found: Iterable[InterfaceAddress]) -> tuple[TunnelText, ...]:
    """The tunnels' devices that must be up for these aliases."""
    needed = {entry.interface for entry in found}
    return tuple(name for name in TUNNELS if name in needed)


def sysctls(charge: Sequence[VirtualService], hidden: Sequence[InterfaceAddress]) -> dict[str, int]:
    """The kernel parameters for a node in charge of virtual services, and with these aliases."""
    found: dict[str, int] = {}
    if charge or hidden:
        found |= HIDE_ALIASES
    if charge:
        found |= DRAIN
    for link in links(hidden):
        found |= LOOSE[link]
    for vip in charge:
        found |= _sysctls_of(vip)
    return found


def _sysctls_of(vip: VirtualService) -> dict[str, int]:
    """What one virtual service needs on its directors."""
    found: dict[str, int] = {}
    if vip.explicit_prefix and vip.ip.version == 4:
        found |= KEEP_NEIGHBOURS
    if by_nat(vip):
        found |= FORWARD[vip.ip.version]
    if vip.persistence:
        found |= LET_GO_OF_QUIET
    if "mh-port" in vip.flags:
        found |= JOIN_MIDWAY[vip.protocol]
    return found


def by_nat(vip: VirtualService) -> tuple[str, ...]:
    """The nodes that answer for a virtual service by nat."""
    return tuple(
        entry.node for entry in vip.servers() if vip.forwarding_of(entry) is Forwarding.NAT
    )


def masquerades(
    configuration: Configuration,
    vips: Iterable[tuple[VirtualService, InterfaceAddress]],
    me: str,
) -> tuple[Masquerade, ...]:
    """The rules for the own traffic of realservers by nat.

    Each virtual service comes with where its gateway is (or will be) on this node. Neighbouring
    addresses become one rule.
    """
    inside: dict[str, set[IPAddress]] = {}
    for vip, gateway in vips:
        for name in by_nat(vip):
            node = configuration.nodes.get(name)
            if name != me and node is not None and node.address is not None:
                inside.setdefault(gateway.interface, set()).add(node.address)
    return tuple(
        Masquerade(source=str(network), inside=interface)
        for interface, found in sorted(inside.items())
        for network in _networks(found)
    )


def marks(vips: Iterable[VirtualService]) -> tuple[Mark, ...]:
    """The rules that mark what comes for virtual services with a firewall mark and ports."""
    return tuple(
        Mark(
            address=str(vip.ip),
            mark=vip.fwmark,
            protocol=vip.protocol,
            ports=() if vip.all_ports else vip.ports[start : start + MOST_PORTS],
        )
        for vip in vips
        if vip.fwmark is not None
        for start in range(0, len(vip.ports), MOST_PORTS)
    )


def _networks(addresses: Iterable[IPAddress]) -> Iterator[IPv4Network | IPv6Network]:
    """The fewest networks with just these addresses in them."""
    found = [ip_network(address) for address in addresses]
    yield from collapse_addresses([n for n in found if isinstance(n, IPv4Network)])
    yield from collapse_addresses([n for n in found if isinstance(n, IPv6Network)])


def ways_out_wanted(
    configuration: Configuration, vips: Iterable[VirtualService], me: str
) -> dict[AddressText, IPInterface]:
    """For each of this node's addresses that answers by nat: the gateway that answers must take."""
    node = configuration.nodes.get(me)
    if node is None or node.address is None:
        return {}
    gateways = (
        vip.nat_gateway
        for vip in vips
        if vip.enabled and me in by_nat(vip) and vip.nat_gateway is not None
    )
    return {str(node.address): gateway for gateway in gateways}


def astray(wanted: Mapping[AddressText, IPInterface], found: Mapping[str, str]) -> Iterator[str]:
    """What to tell of answers that would not pass the director."""
    for address, gateway in wanted.items():
        way = found.get(address)
        if way is None or way == str(gateway.ip):
            continue
        by = f"by {way}" if way else "by no gateway"
        family = "-6 " if gateway.version == 6 else ""
        yield (
            f"answers by nat would leave {address} {by} and not by nat_gateway {gateway.ip}, so"
            f" clients would not take them: run `ip {family}route replace default via"
            f" {gateway.ip}` and make it last (LVSM changes no routes)"
        )
