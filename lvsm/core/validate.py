"""A configuration held against every rule, each with a stable code, the place and what to do.

Law: every problem is reported, not only the first. The rules stand in `node_rules`,
`address_rules`, `service_rules`, `kernel_rules` and `check_rules`; this module knows them all, and
what is not built yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from lvsm.core import address_rules, check_rules, kernel_rules, node_rules, service_rules
from lvsm.core.model import Configuration, Forwarding, TakeoverQuorum
from lvsm.core.places import Path
from lvsm.core.problems import Problem
from lvsm.core.rules import Facts, Rule, at, servers

SUPPORTED = frozenset(Forwarding)
RULES: tuple[Rule, ...] = (
    *node_rules.RULES,
    *address_rules.RULES,
    *service_rules.RULES,
    *kernel_rules.RULES,
    *check_rules.RULES,
)


def validate(
    configuration: Configuration,
    facts: Facts,
    *,
    forwarding_supported: frozenset[Forwarding] = SUPPORTED,
) -> tuple[Problem, ...]:
    """Every rule that `configuration` breaks, without places (`problems.located` adds them)."""
    problems = [problem for rule in RULES for problem in rule(configuration, facts)]
    problems += _not_yet(configuration, forwarding_supported)
    return tuple(problems)


def _not_yet(configuration: Configuration, supported: frozenset[Forwarding]) -> Iterator[Problem]:
    if configuration.cluster.takeover_quorum is not TakeoverQuorum.NONE:
        yield _unsupported(
            "this version takes groups over without a majority",
            'Use takeover_quorum = "none".',
            ("cluster", "takeover_quorum"),
        )
    for vip in configuration.vips.values():
        if vip.forwarding not in supported:
            yield _method(vip.forwarding, at(vip, "forwarding"))
        for path, entry in servers(vip):
            if entry.forwarding is not None and entry.forwarding not in supported:
                yield _method(entry.forwarding, (*path, "forwarding"))


def _method(method: Forwarding, path: Path) -> Problem:
    message = f"this version cannot set up forwarding by {method} yet"
    return _unsupported(message, 'Use forwarding = "dr".', path)


def _unsupported(message: str, advice: str, path: Path) -> Problem:
    return Problem(code="not-supported-yet", message=message, advice=advice, path=path)
