"""The rules about nodes: who is there, who can be a director, and by which address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lvsm.core.address_kinds import unusable
from lvsm.core.model import Configuration, IPAddress, Node
from lvsm.core.names import did_you_mean
from lvsm.core.problems import Problem
from lvsm.core.rules import Facts, Rule, at, servers


def _known(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    if not facts.members:
        return
    known = facts.members | configuration.nodes.keys()
    advice = cache(lambda name: did_you_mean(name, known))
    for vip in configuration.vips.values():
        names = [(name, at(vip, "directors", i)) for i, name in enumerate(vip.directors)]
        names += [(entry.node, (*path, "node")) for path, entry in servers(vip)]
        for name, path in names:
            if name not in known:
                yield Problem(
                    code="unknown-node",
                    message=f"there is no node {name}",
                    advice=f"{advice(name)} Nodes are those of ha.cf and the [node.NAME] tables.",
                    path=path,
                )


def _directors_run_plvsd(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for index, name in enumerate(vip.directors):
            node = configuration.nodes.get(name)
            if node is None:
                continue
            if node.external or (facts.members and name not in facts.members):
                yield Problem(
                    code="external-director",
                    message=f"{name} runs no plvsd, so it cannot be a director",
                    advice="Choose a node that ha.cf lists.",
                    path=at(vip, "directors", index),
                )


def _directors_have_ipvs(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        for index, name in enumerate(vip.directors):
            if name in facts.without_ipvs:
                yield Problem(
                    code="no-ipvs",
                    message=f"the kernel of {name} has no IPVS: it cannot hold {vip.name}",
                    advice=f"Run `modprobe ip_vs` on {name}, or choose another director.",
                    path=at(vip, "directors", index),
                )


def _realservers_have_addresses(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    known = facts.members | configuration.nodes.keys()
    for vip in configuration.vips.values():
        for path, entry in servers(vip):
            node = configuration.nodes.get(entry.node)
            if entry.node in known and (node is None or node.address is None):
                yield Problem(
                    code="no-address",
                    message=f"the address of {entry.node} is not known",
                    advice=_where_from(entry.node, node),
                    path=(*path, "node"),
                )


def _where_from(name: str, node: Node | None) -> str:
    if node is not None and node.external:
        return f"It is external, so nobody reports it: add its `address` to [node.{name}]."
    return f"Start plvsd on {name}, which reports it, or add [node.{name}] with its `address`."


def _usable_addresses(configuration: Configuration, facts: Facts) -> Iterator[Problem]:
    owners: dict[IPAddress, str] = {}
    for name, reported in facts.node_addresses.items():
        owners.update(dict.fromkeys(reported, name))
    for node in configuration.nodes.values():
        if node.address is None:
            continue
        what = unusable(node.address)
        owner = owners.setdefault(node.address, node.name)
        if what is not None:
            yield Problem(
                code="address-kind",
                message=f"{node.address} is {what}",
                advice=f"Give the address by which directors reach {node.name}.",
                path=("node", node.name, "address"),
            )
        elif owner != node.name:
            yield Problem(
                code="repeated-address",
                message=f"{node.address} is the address of {owner}",
                advice=f"Give the one that {node.name} itself has.",
                path=("node", node.name, "address"),
            )


RULES: tuple[Rule, ...] = (
    _known,
    _directors_run_plvsd,
    _directors_have_ipvs,
    _realservers_have_addresses,
    _usable_addresses,
)
