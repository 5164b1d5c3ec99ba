"""The rules about checks of realservers: keys that fit the type, a port that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from lvsm.core.check import KEYS_OF, Check, CheckType
from lvsm.core.model import Configuration, VirtualService
from lvsm.core.problems import Problem, Severity
from lvsm.core.rules import Facts, Rule, at


def checked(configuration: Configuration) -> Iterator[tuple[VirtualService, Check]]:
    """The virtual services that have a check, each with it."""
    for vip in configuration.vips.values():
        if vip.check is not None:
            yield vip, vip.check


def _keys_fit(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip, check in checked(configuration):
        for field in fields(check):
            if field.name in KEYS_OF[check.type] or getattr(check, field.name) == field.default:
                continue
            yield Problem(
                code="check-key",
                message=f"a check by {check.type} has no use for `{field.name}`",
                advice=f"Remove it, or use another type. {check.type} knows"
                f" {', '.join(sorted(KEYS_OF[check.type] - {'type'}))}.",
                path=at(vip, "check", field.name),
                on_key=True,
            )


def _port_known(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip, check in checked(configuration):
        lacking = [entry for entry in vip.realservers if port_of(vip, check, entry.port) is None]
        if lacking:
            yield Problem(
                code="check-port",
                message=f"{vip.name} has no port of its own that {lacking[0].node} could be"
                " checked at",
                advice="Add `port` to the check.",
                path=at(vip, "check"),
                on_key=True,
            )


def port_of(vip: VirtualService, check: Check, own: int | None) -> int | None:
    """The port that a realserver is checked at: the check's, its `own`, or the service's first."""
    if check.type is CheckType.PING:
        return 0
    if check.port is not None:
        return check.port
    return own or (vip.ports[0] if vip.ports and not vip.all_ports else None)


def _pool_is_large_enough(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip in configuration.vips.values():
        if vip.min_up > len(vip.realservers):
            yield Problem(
                code="min-up",
                message=f"{vip.name} has {len(vip.realservers)} realservers, and min_up ="
                f" {vip.min_up}: none of them would ever be taken out",
                advice="Choose a smaller `min_up`.",
                path=at(vip, "min_up"),
                severity=Severity.WARNING,
            )


def _says_what(configuration: Configuration, _facts: Facts) -> Iterator[Problem]:
    for vip, check in checked(configuration):
        if check.type is CheckType.DNS and check.query is None:
            yield Problem(
                code="check-query",
                message="a check by dns has to ask for something",
                advice='Add `query = "www.example.com"`.',
                path=at(vip, "check"),
                on_key=True,
            )
        if check.send and check.send_hex:
            yield Problem(
                code="check-sends-twice",
                message="this check has both `send` and `send_hex`",
                advice="Remove one of them.",
                path=at(vip, "check", "send_hex"),
                on_key=True,
            )


RULES: tuple[Rule, ...] = (_says_what, _keys_fit, _port_known, _pool_is_large_enough)
