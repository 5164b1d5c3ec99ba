"""A configuration text held against everything this node knows: read, completed, validated."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_interface

from lvsm.core.config_text import parse, with_node_addresses
from lvsm.core.facts import Facts as NodeFacts
from lvsm.core.model import Configuration
from lvsm.core.places import Places
from lvsm.core.problems import Problem, located
from lvsm.core.validate import Facts, validate
from lvsm.daemon.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of a text: the configuration (None when it cannot be read) and its problems.

    `text` is what would be saved: the given one with the nodes' reported addresses added.
    """

    text: str
    configuration: Configuration | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid a Save."""
        return tuple(problem for problem in self.problems if problem.is_error)


def check(text: str, *, members: tuple[str, ...], facts: dict[str, NodeFacts]) -> Checked:
    """Read `text`, add the addresses that nodes reported, and hold it against the rules.

    `members` are ha.cf's nodes; `facts` what was heard of each, this node included.
    """
    parsed = parse(text)
    if parsed.configuration is None:
        return Checked(text=text, configuration=None, problems=parsed.problems)
    reported = {
        entry.node: ip_address(facts[entry.node].address or "")
        for _, entry in parsed.configuration.realservers()
        if _unnamed(parsed.configuration, entry.node)
        and entry.node in facts
        and facts[entry.node].address
    }
    completed = with_node_addresses(text, reported) if reported else text
    configuration = parse(completed).configuration or parsed.configuration
    problems = located(validate(configuration, known(members, facts)), lambda: Places(text))
    return Checked(text=completed, configuration=configuration, problems=problems)


def _unnamed(configuration: Configuration, name: str) -> bool:
    node = configuration.nodes.get(name)
    return node is None or node.address is None


def known(members: tuple[str, ...], facts: dict[str, NodeFacts]) -> Facts:
    """What validation wants to know of the nodes, from what they reported."""
    interfaces = {
        name: [ip_interface(text) for text in heard.addresses] for name, heard in facts.items()
    }
    return Facts(
        members=frozenset(members),
        node_addresses={n: frozenset(i.ip for i in found) for n, found in interfaces.items()},
        networks={
            name: frozenset(i.network for i in found if i.network.prefixlen < i.max_prefixlen)
            for name, found in interfaces.items()
        },
        schedulers=None,
    )


def heard(view: View, own: NodeFacts) -> dict[str, NodeFacts]:
    """Everything that was ever heard of the nodes, this one included."""
    return {**{name: h.facts for name, h in view.heard.items()}, view.me: own}
