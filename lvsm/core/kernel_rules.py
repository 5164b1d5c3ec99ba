"""The rules about what a virtual service asks of IPVS: what the kernel refuses, or ignores.

Sources: ip_vs_ctl.c and ip_vs_core.c of Linux, ipvsadm.c for what it refuses before the kernel
would misread it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lvsm.core.model import (
    Configuration,
    Forwarding,
    IPAddress,
    Protocol,
    Realserver,
    Tunnel,
    VirtualService,
)
from lvsm.core.places import Path
from lvsm.core.problems import Problem
from lvsm.core.rules import Facts, Rule, at, servers


def _all_ports_persist(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.all_ports and vip.fwmark is None and vip.persistence is None:
            yield Problem(
                code="all-ports-persistence",
                message=f"{vip.name} takes all ports without persistence, which IPVS cannot",
                advice="Add `persistence = 300`, or a `fwmark`.",
                path=at(vip, "ports"),
            )


def _netmask_fits(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        bits = vip.persistence_netmask
        if bits is None:
            continue
        if vip.persistence is None:
            yield _needs_persistence(vip, "persistence_netmask", "netmask-persistence")
        if bits > vip.ip.max_prefixlen:
            yield Problem(
                code="netmask-range",
                message=f"an IPv{vip.ip.version} address has no {bits} bits",
                advice=f"Choose between 1 and {vip.ip.max_prefixlen}.",
                path=at(vip, "persistence_netmask"),
            )


def _engine_fits(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.persistence_engine is None:
            continue
        if vip.persistence is None:
            yield _needs_persistence(vip, "persistence_engine", "engine-persistence")
        if _matches_other_than_udp(vip):
            yield Problem(
                code="engine-protocol",
                message=f"persistence by {vip.persistence_engine} is for udp",
                advice='Remove `persistence_engine`, or use protocol = "udp".',
                path=at(vip, "persistence_engine"),
            )


def _needs_persistence(vip: VirtualService, key: str, code: str) -> Problem:
    return Problem(
        code=code,
        message=f"{vip.name} has `{key}` and no persistence",
        advice=f"Add `persistence = 300`, or remove `{key}`.",
        path=at(vip, key),
        on_key=True,
    )


def _one_packet_is_udp(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.one_packet and _matches_other_than_udp(vip):
            yield Problem(
                code="one-packet-protocol",
                message="one-packet scheduling is for udp",
                advice='Remove `one_packet`, or use protocol = "udp".',
                path=at(vip, "one_packet"),
                on_key=True,
            )


def _matches_other_than_udp(vip: VirtualService) -> bool:
    """Whether LVSM itself brings the service packets that are not udp's."""
    return bool(vip.ports) and vip.protocol is not Protocol.UDP


def _thresholds_ordered(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for path, entry in servers(vip):
            if entry.lower > entry.upper:
                above = f"its `upper` is {entry.upper}" if entry.upper else "it has no `upper`"
                yield Problem(
                    code="threshold-order",
                    message=f"{entry.node} has lower = {entry.lower}, and {above}",
                    advice="Let `upper` be at least as large as `lower`.",
                    path=(*path, "lower"),
                )


def _tunnel_fits(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for path, entry in servers(vip):
            yield from _tunnel_used(vip, entry, path)
            node = configuration.nodes.get(entry.node)
            if entry.tunnel is not Tunnel.IPIP and not (node and node.external):
                yield Problem(
                    code="tunnel-external",
                    message=f"LVSM sets up no {entry.tunnel} on {entry.node}",
                    advice='Use tunnel = "ipip", or a realserver with `external = true` that you'
                    " set up.",
                    path=(*path, "tunnel"),
                )


def _tunnel_used(vip: VirtualService, entry: Realserver, path: Path) -> Iterator[Problem]:
    given = "tunnel" if entry.tunnel is not Tunnel.IPIP else "tunnel_port"
    wrapped = vip.forwarding_of(entry) is Forwarding.TUN
    if not wrapped and (entry.tunnel is not Tunnel.IPIP or entry.tunnel_port):
        yield Problem(
            code="unused-tunnel",
            message=f"{entry.node} has `{given}`, and gets its packets by"
            f" {vip.forwarding_of(entry)}",
            advice=f'Remove `{given}`, or use forwarding = "tun".',
            path=(*path, given),
            on_key=True,
        )
    if (entry.tunnel is Tunnel.GUE) != (entry.tunnel_port is not None):
        needs = entry.tunnel is Tunnel.GUE
        yield Problem(
            code="tunnel-port",
            message=f"{entry.node} has no `tunnel_port`" if needs
            else f"{entry.node} has a `tunnel_port`, which is for gue",
            advice="Add the UDP port to which gue sends." if needs else "Remove it.",
            path=(*path, "tunnel" if needs else "tunnel_port"),
            on_key=True,
        )  # fmt: skip


def _marks_once(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    seen: dict[tuple[int, int], str] = {}
    for vip in configuration.vips.values():
        if vip.fwmark is None:
            continue
        other = seen.setdefault((vip.ip.version, vip.fwmark), vip.name)
        if other != vip.name:
            yield Problem(
                code="repeated-mark",
                message=f"firewall mark {vip.fwmark} over IPv{vip.ip.version} names {other}"
                " already",
                advice="Choose another mark for one of the two.",
                path=at(vip, "fwmark"),
            )


def _marks_hide_nothing(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    whole: dict[tuple[IPAddress, Protocol], VirtualService] = {}
    for vip in configuration.vips.values():
        if vip.all_ports and vip.fwmark is not None:
            whole.setdefault((vip.ip, vip.protocol), vip)
    for vip in configuration.vips.values():
        other = whole.get((vip.ip, vip.protocol), vip)
        if other is not vip and vip.ports and not vip.all_ports:
            yield Problem(
                code="mark-hides",
                message=f"{other.name} marks everything for {vip.ip} over {vip.protocol}, and the"
                f" kernel looks at marks first: {vip.name} would get nothing",
                advice=f"Give {other.name} the ports that it is for.",
                path=at(vip, "ports"),
            )


def _protocol_used(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if not vip.ports and vip.protocol is not Protocol.TCP:
            yield Problem(
                code="unused-protocol",
                message=f"{vip.name} has a protocol and no ports: LVSM marks nothing for it, and"
                " your own rules say which packets get the mark",
                advice="Remove `protocol`, or add `ports`.",
                path=at(vip, "protocol"),
                on_key=True,
            )


RULES: tuple[Rule, ...] = (
    _all_ports_persist,
    _netmask_fits,
    _engine_fits,
    _one_packet_is_udp,
    _thresholds_ordered,
    _tunnel_fits,
    _marks_once,
    _marks_hide_nothing,
    _protocol_used,
)
