"""The rules about the addresses of virtual services."""

from __future__ import annotations

from collections.abc import Iterator

from lvsm.core.address_kinds import is_edge, unusable
from lvsm.core.model import Configuration, Forwarding, IPAddress, Protocol, VirtualService
from lvsm.core.problems import Problem
from lvsm.core.rules import Facts, IPNetwork, Rule, at, servers


def _services_once(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    seen: dict[tuple[IPAddress, Protocol, int], str] = {}
    for vip in configuration.vips.values():
        for index, port in enumerate(vip.ports):
            other = seen.setdefault((vip.ip, vip.protocol, port), vip.name)
            if other != vip.name:
                yield Problem(
                    code="repeated-service",
                    message=f"{vip.ip} port {port}/{vip.protocol} belongs to {other} already",
                    advice="Remove it from one of the two.",
                    path=at(vip, "ports", index),
                )


def _one_address_one_list(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip, other in _sharing(configuration):
        if vip.directors != other.directors:
            yield Problem(
                code="directors-differ",
                message=f"{other.name} has the address {vip.ip} too, and other directors",
                advice=f"An address moves as a whole: write {list(other.directors)!r} in both.",
                path=at(vip, "directors"),
            )


def _one_address_one_place(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip, other in _sharing(configuration):
        if vip.interface != other.interface:
            yield Problem(
                code="interfaces-differ",
                message=f"{other.name} has the address {vip.ip} too, on another interface",
                advice="An address is in one place: write the same `interface` in both, or none.",
                path=at(vip, "interface"),
            )
        if (vip.address, vip.explicit_prefix) != (other.address, other.explicit_prefix):
            yield Problem(
                code="prefixes-differ",
                message=f"{other.name} has the address {vip.ip} too, with another prefix",
                advice=f'Write "{_written(other)}" in both.',
                path=at(vip, "address"),
            )


def _sharing(configuration: Configuration) -> Iterator[tuple[VirtualService, VirtualService]]:
    """Each virtual service whose address an earlier one has, with the first of those."""
    first: dict[IPAddress, VirtualService] = {}
    for vip in configuration.vips.values():
        other = first.setdefault(vip.ip, vip)
        if other is not vip:
            yield vip, other


def _written(vip: VirtualService) -> str:
    return str(vip.address if vip.explicit_prefix else vip.ip)


def _usable(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    owners = {ip: node for node, ips in facts.node_addresses.items() for ip in ips}
    for node in configuration.nodes.values():
        if node.address is not None:
            owners.setdefault(node.address, node.name)
    for vip in configuration.vips.values():
        what = unusable(vip.ip) or _at_an_edge(vip, facts)
        if what is not None:
            yield Problem(
                code="address-kind",
                message=f"{vip.ip} is {what}",
                advice="Choose a unicast address that clients can reach.",
                path=at(vip, "address"),
            )
        elif vip.ip in owners:
            yield Problem(
                code="address-taken",
                message=f"{vip.ip} is {owners[vip.ip]}'s own address",
                advice="Choose an address that no machine has.",
                path=at(vip, "address"),
            )


def _at_an_edge(vip: VirtualService, facts: Facts) -> str | None:
    around: list[IPNetwork] = [vip.address.network]
    for name in vip.directors:
        around += [network for network in facts.networks.get(name, ()) if vip.ip in network]
    found = next((network for network in around if is_edge(vip.ip, network)), None)
    return f"the first or last address of the network {found}" if found else None


def _reachable(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.explicit_prefix or vip.interface:
            continue
        for name in vip.directors:
            networks = facts.networks.get(name)
            if networks and not any(vip.ip in network for network in networks):
                yield Problem(
                    code="address-outside",
                    message=f"{vip.ip} is in no network of director {name}",
                    advice=f'Give it a prefix of its own, such as "{vip.ip}/{_usual(vip.ip)}", or'
                    f" choose an address in {', '.join(sorted(map(str, networks)))}.",
                    path=at(vip, "address"),
                )


def _usual(ip: IPAddress) -> int:
    return 24 if ip.version == 4 else 64


def _families_fit(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for path, entry in servers(vip):
            node = configuration.nodes.get(entry.node)
            if node is None or node.address is None or node.address.version == vip.ip.version:
                continue
            if vip.forwarding_of(entry) is not Forwarding.TUN:
                yield Problem(
                    code="mixed-families",
                    message=f"{entry.node} has an IPv{node.address.version} address, the VIP an"
                    f" IPv{vip.ip.version} one",
                    advice='Only forwarding = "tun" can mix them.',
                    path=(*path, "node"),
                )


RULES: tuple[Rule, ...] = (
    _services_once,
    _one_address_one_list,
    _one_address_one_place,
    _usable,
    _reachable,
    _families_fit,
)
