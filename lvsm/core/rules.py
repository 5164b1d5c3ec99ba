"""What every rule of a configuration is: a function, and what is known beside the text.

Law: what is not known (a node that has not reported its addresses yet) is never held against
anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from lvsm.core.model import Configuration, IPAddress, Realserver, VirtualService
from lvsm.core.places import Path
from lvsm.core.problems import Problem

IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the cluster beside the text; whatever is missing is simply not known.

    `members` are ha.cf's nodes; `node_addresses` and `networks` what nodes reported of themselves;
    `without_ipvs` the nodes that reported a kernel without IPVS; `schedulers` those that each node
    found in its kernel, by the node's name.
    """

    members: frozenset[str] = frozenset()
    node_addresses: Mapping[str, frozenset[IPAddress]] = field(default_factory=dict)
    networks: Mapping[str, frozenset[IPNetwork]] = field(default_factory=dict)
    without_ipvs: frozenset[str] = frozenset()
    schedulers: Mapping[str, frozenset[str]] = field(default_factory=dict)


Rule = Callable[[Configuration, Facts], Iterator[Problem]]
"""Every problem that a configuration has by one rule, with its path and without its place."""


def at(vip: VirtualService, *rest: str | int) -> Path:
    """The path to something of a virtual service."""
    return ("vip", vip.name, *rest)


def servers(vip: VirtualService) -> Iterator[tuple[Path, Realserver]]:
    """The realservers and the sorry server of a virtual service, each with its path."""
    for index, entry in enumerate(vip.realservers):
        yield at(vip, "realserver", index), entry
    if vip.sorry is not None:
        yield at(vip, "sorry"), vip.sorry
