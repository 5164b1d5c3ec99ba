"""What a monitor is told of a virtual service's check: a file of `name value` lines.

Law: names and values are one line each, with `\\\\`, `\\n` and `\\r` written as two characters, so
that any text fits; `mon_monitors/lvsm_checks/spec.py` reads what this writes. `stamp` is a hash of
all that the file says: a report that carries another one is about another check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from math import ceil

from lvsm.core.check import KEYS_OF, Check
from lvsm.core.check_rules import port_of
from lvsm.core.model import Configuration, VirtualService

STAMP_DIGITS = 16
RUN_SECONDS = 60
"""How long one run of the monitor goes on, round after round, where the interval is short."""
LONG_INTERVAL = 10.0
"""From here on each round is a run of its own, and mon counts the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A realserver to check: its label, address and port."""

    label: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """All that a monitor has to know of one virtual service."""

    vip: str
    check: Check
    host: str
    targets: tuple[Target, ...]

    @property
    def run_seconds(self) -> int:
        """How long a run of the monitor may take."""
        if self.check.interval < LONG_INTERVAL:
            return max(RUN_SECONDS, ceil(self.check.timeout) + 1)
        return max(ceil(self.check.interval), ceil(self.check.timeout) + 1)

    @property
    def mon_seconds(self) -> int:
        """The interval that mon gets.

        One that lasts longer than its interval is run again a second or two after its end: mon
        then counts from there. A run just as long as its interval would now and then end late, and
        mon would leave out a whole one (`reset_timer` in mon).
        """
        return 1 if self.check.interval < LONG_INTERVAL else self.run_seconds

    @property
    def stamp(self) -> str:
        """What tells this check from one with another key or another realserver."""
        digest = hashlib.sha256(_body(self).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:STAMP_DIGITS]


def specs(configuration: Configuration, director: str) -> Mapping[str, Spec]:
    """What a director has to check, by the virtual service's name.

    Realservers whose address nobody has reported yet are left out.
    """
    found = {}
    for vip in configuration.vips.values():
        if vip.check is None or not vip.enabled or director not in vip.directors:
            continue
        targets = tuple(_targets(configuration, vip, vip.check))
        if targets:
            found[vip.name] = Spec(
                vip=vip.name, check=vip.check, host=_host(vip, vip.check), targets=targets
            )
    return found


def _targets(configuration: Configuration, vip: VirtualService, check: Check) -> Iterator[Target]:
    for entry in vip.realservers:
        node = configuration.nodes.get(entry.node)
        port = port_of(vip, check, entry.port)
        if node is not None and node.address is not None and port is not None:
            yield Target(label=entry.label, address=str(node.address), port=port)


def _host(vip: VirtualService, check: Check) -> str:
    if check.host is not None or "host" not in KEYS_OF[check.type]:
        return check.host or ""
    return f"[{vip.ip}]" if vip.ip.version == 6 else str(vip.ip)


def render(spec: Spec) -> str:
    """The file's text."""
    return f"stamp {spec.stamp}\n{_body(spec)}"


def _body(spec: Spec) -> str:
    lines = [
        f"vip {spec.vip}",
        f"run {spec.run_seconds}",
        *(f"{name} {_escaped(value)}" for name, value in _options(spec)),
        *(f"target {t.label} {t.address} {t.port}" for t in spec.targets),
    ]
    return "\n".join(lines) + "\n"


_NOT_ASKED = frozenset({"port", "rise", "fall", "damping", "host"})
"""What a monitor need not know, or gets in another form."""


def _options(spec: Spec) -> Iterator[tuple[str, str]]:
    for field in fields(spec.check):
        if field.name in _NOT_ASKED or field.name not in KEYS_OF[spec.check.type]:
            continue
        value = getattr(spec.check, field.name)
        if isinstance(value, tuple):
            yield from ((field.name, entry) for entry in value)
        elif value is not None:
            yield field.name, str(value)
    if "host" in KEYS_OF[spec.check.type]:
        yield "host", spec.host


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
