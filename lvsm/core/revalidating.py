"""The rules, held again against a configuration of which most was held against them before.

Law: `revalidate(before, ...)` has the problems that `validate` has. Rules look at one virtual
service, or at several that share something (an address, a mark, a realserver's default route); so
what shares nothing with a changed one, not even by way of others, keeps its problems.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from lvsm.core.model import Configuration, Forwarding, VirtualService
from lvsm.core.problems import Problem
from lvsm.core.rules import Facts
from lvsm.core.validate import validate

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A configuration, what was known beside it, and the problems that it has (without places)."""

    configuration: Configuration
    facts: Facts
    problems: tuple[Problem, ...]


def judge(configuration: Configuration, facts: Facts) -> Judged:
    """Hold a configuration against every rule."""
    return Judged(configuration=configuration, facts=facts, problems=validate(configuration, facts))


def revalidate(before: Judged, configuration: Configuration, facts: Facts) -> Judged:
    """Hold `configuration`, of which most may be in `before` too, against every rule."""
    old = before.configuration
    if facts != before.facts or old.cluster != configuration.cluster:
        return judge(configuration, facts)
    if list(_differing(old.nodes, configuration.nodes)):
        return judge(configuration, facts)
    names = set(_differing(old.vips, configuration.vips))
    if not names:
        return replace(before, configuration=configuration)
    around = _neighbourhood((*_known(old, names), *_known(configuration, names)), configuration)
    found = validate(
        replace(
            configuration,
            vips={name: vip for name, vip in configuration.vips.items() if name in around},
        ),
        facts,
    )
    around |= names
    kept = (problem for problem in before.problems if not _about(problem, around))
    fresh = (problem for problem in found if _about(problem, around))
    return Judged(configuration=configuration, facts=facts, problems=(*kept, *fresh))


def _differing(old: Mapping[str, V], new: Mapping[str, V]) -> Iterator[str]:
    """The names whose values are not the very same objects."""
    yield from (name for name, value in new.items() if old.get(name) is not value)
    yield from (name for name in old if name not in new)


def _known(configuration: Configuration, names: Iterable[str]) -> list[VirtualService]:
    return [configuration.vips[name] for name in names if name in configuration.vips]


def _neighbourhood(seeds: Iterable[VirtualService], configuration: Configuration) -> set[str]:
    """The services that share something with a seed, or with one that does."""
    sharing: defaultdict[Hashable, list[VirtualService]] = defaultdict(list)
    for vip in configuration.vips.values():
        for key in _shared(vip):
            sharing[key].append(vip)
    names: set[str] = set()
    seen: set[Hashable] = set()
    waiting = list(seeds)
    while waiting:
        keys = set(_shared(waiting.pop())) - seen
        seen |= keys
        for vip in (vip for key in keys for vip in sharing[key] if vip.name not in names):
            names.add(vip.name)
            waiting.append(vip)
    return names


def _shared(vip: VirtualService) -> Iterator[Hashable]:
    """What rules compare between virtual services."""
    yield str(vip.ip)
    if vip.fwmark is not None:
        yield "mark", vip.fwmark
    if vip.forwarding is Forwarding.NAT:
        for entry in vip.servers():
            if vip.forwarding_of(entry) is Forwarding.NAT:
                yield "nat", entry.node


def _about(problem: Problem, names: set[str]) -> bool:
    return problem.path[:1] == ("vip",) and problem.path[1] in names
