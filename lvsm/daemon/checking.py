"""A configuration text held against everything this node knows: read, completed, validated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface

from lvsm.core.facts import Facts as NodeFacts
from lvsm.core.model import Configuration, IPAddress, IPInterface, Node
from lvsm.core.node_addresses import with_node_addresses
from lvsm.core.outline import changed, differing
from lvsm.core.piecewise import Pieces
from lvsm.core.problems import Problem, located
from lvsm.core.rereading import Reading, read, reread
from lvsm.core.revalidating import Judged, judge, revalidate
from lvsm.core.rules import Facts
from lvsm.daemon.view import View

LITTLE = 4096
"""Characters that are read at once, in some ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of a text: the configuration (None when it cannot be read) and its problems.

    `text` is what would be saved: the given one with the nodes' reported addresses added. `untold`
    are further errors, of a text that has very many.
    """

    text: str
    configuration: Configuration | None
    problems: tuple[Problem, ...]
    untold: int = 0

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid a Save."""
        return tuple(problem for problem in self.problems if problem.is_error)


def check(
    text: str,
    *,
    members: tuple[str, ...],
    facts: dict[str, NodeFacts],
    present: Configuration | None = None,
) -> Checked:
    """Read `text`, add the addresses that nodes reported, and hold it against the rules.

    `members` are ha.cf's nodes; `facts` what was heard of each, this node included. The address of
    a node that is away is the one that the `present` configuration has.
    """
    return Checker()(text, members=members, facts=facts, present=present)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A text that was read, and what its rules said (None for what no rule was held against)."""

    reading: Reading
    judged: Judged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was said of a text, and what was known then."""

    asked: str
    told: Facts
    present: Configuration
    answer: Checked


class Checker:
    """Checks texts as `check` does, each with the help of those checked before.

    It remembers two: the text that is in use, and the one that was checked last. May be called by
    several threads: what one of them remembers replaces what another did.
    """

    def __init__(self) -> None:
        """Nothing is remembered."""
        self._remembered: tuple[Remembered, ...] = (Remembered(reading=read("")),)
        self._answered: tuple[Answered, ...] = ()
        self._in_use = ""

    @property
    def last(self) -> Remembered:
        """What was checked last."""
        return self._remembered[0]

    def answered(self, answered: Answered) -> None:
        """What was said of a text elsewhere is said of it here too, for a while."""
        self._answered = (answered, *self._answered[:1])

    def remember(self, found: Remembered) -> None:
        """What was read elsewhere counts as read here."""
        text, in_use = found.reading.text, self._in_use
        kept = [one for one in self._remembered if one.reading.text == in_use != text]
        self._remembered = (found, *kept[:1])

    def knows_most_of(self, text: str) -> bool:
        """Whether little of `text` would have to be read: a few virtual services, or nothing."""
        reading = _best(self._remembered, text, self._in_use).reading
        if reading.text == text:
            return True
        if reading.outline is None or reading.parsed.configuration is None:
            return False
        if differing(reading.text, text) > LITTLE:
            return False
        found = changed(reading.outline, reading.text, text)
        if found is None or any(name[0] != "vip" for name in found.names):
            return False
        return sum(end - start for start, end in found.outline.spans(found.names)) <= LITTLE

    def __call__(
        self,
        text: str,
        *,
        members: tuple[str, ...],
        facts: dict[str, NodeFacts],
        present: Configuration | None = None,
        in_use: str = "",
    ) -> Checked:
        """`in_use` is the text of the `present` configuration; others are most like it."""
        self._in_use = in_use
        present = present or Configuration()
        told = known(members, facts)
        for one in self._answered:
            if one.asked == text and one.told == told and one.present is present:
                return one.answer
        before = _best(self._remembered, text, in_use)
        reading = reread(before.reading, text)
        parsed = reading.parsed
        if parsed.configuration is None:
            return Checked(text=text, configuration=None, problems=parsed.problems)
        reported = _reported(parsed.configuration, facts, present)
        configuration = _completed(parsed.configuration, reported)
        judged = (
            judge(configuration, told)
            if before.judged is None
            else revalidate(before.judged, configuration, told)
        )
        self.remember(Remembered(reading=reading, judged=judged))
        return Checked(
            text=with_node_addresses(text, reported) if reported else text,
            configuration=configuration,
            problems=located(judged.problems, lambda: Pieces(text, reading.outline)),
        )


def _best(remembered: tuple[Remembered, ...], text: str, in_use: str) -> Remembered:
    """The text itself if it is remembered, else the one in use, else any."""
    for wanted in (text, in_use):
        for one in remembered:
            if one.reading.text == wanted:
                return one
    return remembered[0]


def _reported(
    configuration: Configuration, facts: dict[str, NodeFacts], present: Configuration
) -> dict[str, IPAddress]:
    """The addresses of those realservers to which the text gives none."""
    found = {}
    for _, entry in configuration.realservers():
        node, heard_of = configuration.nodes.get(entry.node), facts.get(entry.node)
        if node is not None and node.address is not None:
            continue
        before = present.nodes.get(entry.node)
        address = _address(heard_of.address) if heard_of and heard_of.address else None
        address = address or (before.address if before else None)
        if address is not None:
            found[entry.node] = address
    return found


def _completed(configuration: Configuration, addresses: dict[str, IPAddress]) -> Configuration:
    """What `with_node_addresses` makes a text say."""
    nodes = dict(configuration.nodes)
    for name, address in addresses.items():
        nodes[name] = replace(nodes.get(name, Node(name=name)), address=address)
    return replace(configuration, nodes=nodes)


def known(members: tuple[str, ...], facts: dict[str, NodeFacts]) -> Facts:
    """What validation wants to know of the nodes, from what they reported.

    A node that reports no address has not looked at its kernel yet, so it does not know of IPVS;
    one that names no scheduler could not find out.
    """
    interfaces = {
        name: [interface for text in heard.addresses if (interface := _interface(text))]
        for name, heard in facts.items()
    }
    return Facts(
        members=frozenset(members),
        node_addresses={n: frozenset(i.ip for i in found) for n, found in interfaces.items()},
        networks={
            name: frozenset(i.network for i in found if i.network.prefixlen < i.max_prefixlen)
            for name, found in interfaces.items()
        },
        without_ipvs=frozenset(n for n, f in facts.items() if interfaces[n] and not f.ipvs),
        schedulers={name: frozenset(f.schedulers) for name, f in facts.items() if f.schedulers},
    )


def _address(text: str) -> IPAddress | None:
    """A peer's address; None for what is none, which is as good as not reported."""
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def _interface(text: str) -> IPInterface | None:
    try:
        return ip_interface(text)
    except ValueError:
        return None


def heard(view: View, own: NodeFacts) -> dict[str, NodeFacts]:
    """Everything that was ever heard of the nodes, this one included."""
    return {**{name: h.facts for name, h in view.heard.items()}, view.me: own}
