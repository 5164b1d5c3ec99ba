"""The rules that a configuration must keep, each with a stable code, the place and what to do.

Law: every problem is reported, not only the first; what is not known (a node that has not reported
its addresses yet) is never held against anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from lvsm.core.model import Configuration, Forwarding, IPAddress, Protocol, VirtualService
from lvsm.core.names import did_you_mean
from lvsm.core.problems import Problem, Severity

IPNetwork = IPv4Network | IPv6Network
SUPPORTED = frozenset({Forwarding.DR})
FLAG_SCHEDULERS = {
    "mh-port": "mh",
    "mh-fallback": "mh",
    "sh-port": "sh",
    "sh-fallback": "sh",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the cluster beside the text; whatever is missing is simply not known.

    `members` are ha.cf's nodes; `node_addresses` and `networks` what nodes reported of themselves;
    `schedulers` those of the kernels, None when nobody looked.
    """

    members: frozenset[str] = frozenset()
    node_addresses: Mapping[str, frozenset[IPAddress]] = field(default_factory=dict)
    networks: Mapping[str, frozenset[IPNetwork]] = field(default_factory=dict)
    schedulers: frozenset[str] | None = None


Rule = Callable[[Configuration, Facts], Iterator[Problem]]


def validate(
    configuration: Configuration,
    facts: Facts,
    *,
    forwarding_supported: frozenset[Forwarding] = SUPPORTED,
) -> tuple[Problem, ...]:
    """Every rule that `configuration` breaks, without places (`problems.located` adds them)."""
    problems = [problem for rule in _RULES for problem in rule(configuration, facts)]
    problems += _not_yet(configuration, forwarding_supported)
    return tuple(problems)


def _at(vip: VirtualService, *rest: str | int) -> tuple[str | int, ...]:
    return ("vip", vip.name, *rest)


def _known_nodes(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    known = facts.members | set(configuration.nodes)
    for vip in configuration.vips.values():
        names = [(name, _at(vip, "directors", i)) for i, name in enumerate(vip.directors)]
        names += [
            (entry.node, _at(vip, "realserver", i, "node"))
            for i, entry in enumerate(vip.realservers)
        ]
        for name, path in names:
            if name not in known:
                yield Problem(
                    code="unknown-node",
                    message=f"there is no node {name}",
                    advice=f"{did_you_mean(name, known)} Nodes are those of ha.cf and the"
                    " [node.NAME] tables.",
                    path=path,
                )


def _directors_run_plvsd(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for index, name in enumerate(vip.directors):
            node = configuration.nodes.get(name)
            outside = node is not None and name not in facts.members
            if (node is not None and node.external) or outside:
                yield Problem(
                    code="external-director",
                    message=f"{name} runs no plvsd, so it cannot be a director",
                    advice="Choose a node that ha.cf lists.",
                    path=_at(vip, "directors", index),
                )


def _realservers_have_addresses(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    known = facts.members | set(configuration.nodes)
    for vip in configuration.vips.values():
        for index, entry in enumerate(vip.realservers):
            node = configuration.nodes.get(entry.node)
            if entry.node in known and (node is None or node.address is None):
                yield Problem(
                    code="no-address",
                    message=f"the address of {entry.node} is not known: it has reported none yet",
                    advice=f"Start plvsd on {entry.node}, or add [node.{entry.node}] with its"
                    " `address`.",
                    path=_at(vip, "realserver", index, "node"),
                )


def _realservers_once(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        seen: set[tuple[str, int | None]] = set()
        for index, entry in enumerate(vip.realservers):
            key = (entry.node, entry.port)
            if key in seen:
                yield Problem(
                    code="repeated-realserver",
                    message=f"{entry.node} is a realserver of {vip.name} twice",
                    advice="Remove one of them, or give it another port.",
                    path=_at(vip, "realserver", index, "node"),
                )
            seen.add(key)


def _services_once(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    seen: dict[tuple[IPAddress, Protocol, int], str] = {}
    for vip in configuration.vips.values():
        for index, port in enumerate(vip.ports):
            key = (vip.ip, vip.protocol, port)
            other = seen.setdefault(key, vip.name)
            if other != vip.name:
                yield Problem(
                    code="repeated-service",
                    message=f"{vip.ip} port {port}/{vip.protocol} belongs to {other} already",
                    advice="Remove it from one of the two.",
                    path=_at(vip, "ports", index),
                )


def _one_address_one_list(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    first: dict[IPAddress, VirtualService] = {}
    for vip in configuration.vips.values():
        other = first.setdefault(vip.ip, vip)
        if vip.directors != other.directors:
            yield Problem(
                code="directors-differ",
                message=f"{other.name} has the address {vip.ip} too, and other directors",
                advice=f"An address moves as a whole: write {list(other.directors)!r} in both.",
                path=_at(vip, "directors"),
            )


def _usable_address(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    owners = {ip: node for node, ips in facts.node_addresses.items() for ip in ips}
    for node in configuration.nodes.values():
        if node.address is not None:
            owners.setdefault(node.address, node.name)
    for vip in configuration.vips.values():
        what = _unusable(vip.ip)
        if what is not None:
            yield Problem(
                code="address-kind",
                message=f"{vip.ip} is {what}",
                advice="Choose a unicast address that clients can reach.",
                path=_at(vip, "address"),
            )
        elif vip.ip in owners:
            yield Problem(
                code="address-taken",
                message=f"{vip.ip} is {owners[vip.ip]}'s own address",
                advice="Choose an address that no machine has.",
                path=_at(vip, "address"),
            )


def _unusable(ip: IPAddress) -> str | None:
    kinds = (
        (ip.is_unspecified, "the unspecified address"),
        (ip.is_loopback, "a loopback address"),
        (ip.is_multicast, "a multicast address"),
        (ip.is_link_local, "a link-local address"),
        (ip.version == 4 and ip.packed[0] in (0, 255), "no host's address"),
    )
    return next((what for holds, what in kinds if holds), None)


def _reachable(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for name in vip.directors:
            networks = facts.networks.get(name)
            if not networks or vip.explicit_prefix or vip.interface:
                continue
            around = [network for network in networks if vip.ip in network]
            if not around:
                yield Problem(
                    code="address-outside",
                    message=f"{vip.ip} is in no network of director {name}",
                    advice=f'Give it a prefix of its own, such as "{vip.ip}/24", or choose an'
                    f" address in {', '.join(sorted(map(str, networks)))}.",
                    path=_at(vip, "address"),
                )
            elif any(_edge(vip.ip, network) for network in around):
                yield Problem(
                    code="address-kind",
                    message=f"{vip.ip} is the first or last address of its network",
                    advice="Choose one in between.",
                    path=_at(vip, "address"),
                )


def _edge(ip: IPAddress, network: IPNetwork) -> bool:
    plain = ip.version == 4 and network.prefixlen < 31
    return plain and ip in (network.network_address, network.broadcast_address)


def _method_fits(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for index, entry in enumerate(vip.realservers):
            method = vip.forwarding_of(entry)
            path = _at(vip, "realserver", index)
            if method is Forwarding.NAT and vip.forwarding is not Forwarding.NAT:
                yield Problem(
                    code="nat-realserver",
                    message=f"{entry.node} uses nat, its virtual service {vip.forwarding}",
                    advice='Use forwarding = "nat" for the whole virtual service.',
                    path=(*path, "forwarding"),
                )
            elif method is not Forwarding.NAT and _changes_port(vip, entry.port):
                yield Problem(
                    code=f"{method}-port",
                    message=f"realserver {entry.node} uses port {entry.port}, the VIP port"
                    f" {', '.join(map(str, vip.ports))}; {_WORDS[method]} cannot change ports",
                    advice=f'Use port {vip.ports[0]} on {entry.node}, or forwarding = "nat" for'
                    " this realserver's VIP.",
                    path=(*path, "port"),
                )


def _changes_port(vip: VirtualService, port: int | None) -> bool:
    return port is not None and vip.ports != (port,)


_WORDS = {Forwarding.DR: "direct routing", Forwarding.TUN: "IP tunnelling"}


def _families_fit(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for index, entry in enumerate(vip.realservers):
            node = configuration.nodes.get(entry.node)
            if node is None or node.address is None:
                continue
            if node.address.version != vip.ip.version and (
                vip.forwarding_of(entry) is not Forwarding.TUN
            ):
                yield Problem(
                    code="mixed-families",
                    message=f"{entry.node} has an IPv{node.address.version} address, the VIP an"
                    f" IPv{vip.ip.version} one",
                    advice='Only forwarding = "tun" can mix them.',
                    path=_at(vip, "realserver", index, "node"),
                )


def _scheduler_fits(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if facts.schedulers is not None and vip.scheduler not in facts.schedulers:
            yield Problem(
                code="unknown-scheduler",
                message=f"the directors' kernels have no scheduler {vip.scheduler}",
                advice=did_you_mean(vip.scheduler, facts.schedulers),
                path=_at(vip, "scheduler"),
            )
        for index, flag in enumerate(vip.flags):
            needs = FLAG_SCHEDULERS.get(flag)
            if needs is not None and needs != vip.scheduler:
                yield Problem(
                    code="flag-scheduler",
                    message=f"the flag {flag} belongs to the scheduler {needs}",
                    advice=f'Remove it, or use scheduler = "{needs}".',
                    path=_at(vip, "flags", index),
                )
            if flag == "ops" and vip.protocol is not Protocol.UDP:
                yield Problem(
                    code="flag-protocol",
                    message="one-packet scheduling (ops) is for udp",
                    advice="Remove the flag.",
                    path=_at(vip, "flags", index),
                )


def _nat_shares(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    first: dict[str, VirtualService] = {}
    for vip, entry in configuration.realservers():
        if vip.forwarding is not Forwarding.NAT:
            continue
        other = first.setdefault(entry.node, vip)
        if (other.nat_gateway, other.directors) != (vip.nat_gateway, vip.directors):
            yield Problem(
                code="nat-gateway-differs",
                message=f"{entry.node} is a realserver of {other.name} too, with another gateway"
                " or other directors; it has one default route",
                advice="Give both virtual services the same `nat_gateway` and `directors`.",
                path=_at(vip, "nat_gateway"),
            )


def _somebody_serves(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if not any(entry.weight for entry in vip.realservers):
            what = "no realserver" if not vip.realservers else "only realservers of weight 0"
            yield Problem(
                code="nobody-serves",
                message=f"{vip.name} has {what}: its connections will be refused",
                advice="Add a [[vip.NAME.realserver]], or give one a weight.",
                path=_at(vip),
                on_key=True,
                severity=Severity.WARNING,
            )


def _not_yet(configuration: Configuration, supported: frozenset[Forwarding]) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.forwarding not in supported:
            yield _unsupported(vip.forwarding, _at(vip, "forwarding"))
        for index, entry in enumerate(vip.realservers):
            if entry.forwarding is not None and entry.forwarding not in supported:
                yield _unsupported(entry.forwarding, _at(vip, "realserver", index, "forwarding"))


def _unsupported(method: Forwarding, path: tuple[str | int, ...]) -> Problem:
    return Problem(
        code="not-supported-yet",
        message=f"this version cannot set up forwarding by {method} yet",
        advice='Use forwarding = "dr".',
        path=path,
    )


_RULES: tuple[Rule, ...] = (
    _known_nodes,
    _directors_run_plvsd,
    _realservers_have_addresses,
    _realservers_once,
    _services_once,
    _one_address_one_list,
    _usable_address,
    _reachable,
    _method_fits,
    _families_fit,
    _scheduler_fits,
    _nat_shares,
    _somebody_serves,
)
