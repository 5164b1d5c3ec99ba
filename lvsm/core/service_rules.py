"""The rules about realservers: how packets reach them, and which scheduler chooses among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lvsm.core.model import ALL_PORTS, Configuration, Forwarding, VirtualService
from lvsm.core.names import did_you_mean
from lvsm.core.problems import Problem, Severity
from lvsm.core.rules import Facts, Rule, at, servers

FLAG_SCHEDULERS = {
    "mh-port": "mh",
    "mh-fallback": "mh",
    "sh-port": "sh",
    "sh-fallback": "sh",
}
_WORDS = {Forwarding.DR: "direct routing", Forwarding.TUN: "IP tunnelling"}


def _realservers_once(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        seen: set[tuple[str, int]] = set()
        for path, entry in servers(vip):
            # What the kernel tells realservers apart by: for each port of the service, its own.
            ports = vip.ports if vip.fwmark is None else ALL_PORTS
            keys = {(entry.node, entry.port or port) for port in ports}
            if keys & seen:
                yield Problem(
                    code="repeated-realserver",
                    message=f"{entry.node} is a realserver of {vip.name} twice",
                    advice="Remove one of them, or give it another port.",
                    path=(*path, "node"),
                )
            seen |= keys


def _method_fits(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for path, entry in servers(vip):
            method = vip.forwarding_of(entry)
            if method is Forwarding.NAT and vip.forwarding is not Forwarding.NAT:
                yield Problem(
                    code="nat-realserver",
                    message=f"{entry.node} uses nat, its virtual service {vip.forwarding}",
                    advice='Use forwarding = "nat" for the whole virtual service.',
                    path=(*path, "forwarding"),
                )
            elif method is not Forwarding.NAT and entry.port and vip.ports != (entry.port,):
                yield Problem(
                    code="tun-port" if method is Forwarding.TUN else "dr-port",
                    message=f"realserver {entry.node} uses port {entry.port}, the VIP"
                    f" {_ports(vip)}; {_WORDS[method]} cannot change ports",
                    advice=f"Remove `port` from {entry.node}, or use"
                    ' forwarding = "nat" for the whole virtual service.',
                    path=(*path, "port"),
                )
            elif method is Forwarding.NAT and entry.port and _keeps_ports(vip):
                yield Problem(
                    code="port-ignored",
                    message=f"realserver {entry.node} uses port {entry.port}, and the kernel keeps"
                    f" the client's: {vip.name} is persistent for {_ports(vip)}",
                    advice=f"Remove `port` from {entry.node}.",
                    path=(*path, "port"),
                )


def _keeps_ports(vip: VirtualService) -> bool:
    """Whether the kernel ignores a realserver's port (ip_vs_sched_persist in ip_vs_core.c)."""
    return vip.all_ports or (vip.fwmark is not None and vip.persistence is not None)


def _ports(vip: VirtualService) -> str:
    if vip.all_ports:
        return "all ports"
    if not vip.ports:
        return f"firewall mark {vip.fwmark}"
    return f"port{'s' if len(vip.ports) > 1 else ''} {', '.join(map(str, vip.ports))}"


def _scheduler_there(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        known = [facts.schedulers[name] for name in vip.directors if name in facts.schedulers]
        if all(vip.scheduler in found for found in known):
            continue
        lacking = [
            name
            for name in vip.directors
            if name in facts.schedulers and vip.scheduler not in facts.schedulers[name]
        ]
        yield Problem(
            code="unknown-scheduler",
            message=f"the kernel of {' and of '.join(lacking)} has no scheduler {vip.scheduler}",
            advice=did_you_mean(vip.scheduler, frozenset.intersection(*known)),
            path=at(vip, "scheduler"),
        )


def _flags_fit(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for index, flag in enumerate(vip.flags):
            needs = FLAG_SCHEDULERS.get(flag, vip.scheduler)
            if needs != vip.scheduler:
                yield Problem(
                    code="flag-scheduler",
                    message=f"the flag {flag} belongs to the scheduler {needs}",
                    advice=f'Remove it, or use scheduler = "{needs}".',
                    path=at(vip, "flags", index),
                )


def _gateway_used(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.nat_gateway is not None and vip.forwarding is not Forwarding.NAT:
            yield Problem(
                code="unused-gateway",
                message=f"{vip.name} has a gateway for nat, and forwarding by {vip.forwarding}",
                advice="Remove `nat_gateway`.",
                path=at(vip, "nat_gateway"),
                on_key=True,
            )


def _nat_shares(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    first: dict[str, VirtualService] = {}
    for vip in configuration.vips.values():
        for node in _by_nat(vip):
            other = first.setdefault(node, vip)
            if (other.nat_gateway, other.directors) != (vip.nat_gateway, vip.directors):
                yield Problem(
                    code="nat-gateway-differs",
                    message=f"{node} is a realserver of {other.name} too, with another gateway"
                    " or other directors; it has one default route",
                    advice="Give both virtual services the same `nat_gateway` and `directors`.",
                    path=at(vip, "nat_gateway"),
                )


def _by_nat(vip: VirtualService) -> Iterable[str]:
    """The nodes that answer for `vip` through nat, each once."""
    if vip.forwarding is not Forwarding.NAT:
        return ()
    methods = ((entry.node, vip.forwarding_of(entry)) for entry in vip.servers())
    return dict.fromkeys(node for node, method in methods if method is Forwarding.NAT)


def _somebody_serves(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.enabled and not any(entry.weight for entry in vip.servers()):
            what = "no realserver" if not vip.realservers else "only realservers of weight 0"
            yield Problem(
                code="nobody-serves",
                message=f"{vip.name} has {what}: its connections will be refused",
                advice=f"Add a [[vip.{vip.name}.realserver]], or give one a weight.",
                path=at(vip),
                on_key=True,
                severity=Severity.WARNING,
            )


RULES: tuple[Rule, ...] = (
    _realservers_once,
    _method_fits,
    _scheduler_there,
    _flags_fit,
    _gateway_used,
    _nat_shares,
    _somebody_serves,
)
