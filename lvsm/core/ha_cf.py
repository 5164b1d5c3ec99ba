"""heartbeat's ha.cf: parsed and rendered side by side.

Source: FACTS measured with heartbeat 3.0.6. Directives that LVSM does not know are kept as they
are. Times may be written `1`, `0.5` (seconds), `100ms` or `500000us`; here they are milliseconds.
Law: udpport and the log directives stand before the media, as heartbeat wants it, and
`parse(render(x)) == x`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lvsm.core.errors import LvsmError

_TIME = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(ms|us)?", re.ASCII)
_TIMES = ("keepalive", "deadtime", "warntime", "initdead")
_MEDIA = ("bcast", "mcast", "ucast")
DEFAULT_UDP_PORT = 694


class HaCfError(LvsmError):
    """A line that heartbeat would not accept; the message names it."""

    code = "ha-cf"


@dataclass(frozen=True, slots=True, kw_only=True)
class HaCf:
    """One ha.cf: times in milliseconds, `media` as words, `other` lines as they stand."""

    nodes: tuple[str, ...]
    media: tuple[tuple[str, ...], ...]
    times: Mapping[str, int] = field(default_factory=dict)
    udp_port: int = DEFAULT_UDP_PORT
    auto_failback: str = "legacy"
    logfile: str | None = None
    debugfile: str | None = None
    logfacility: str | None = None
    watchdog: str | None = None
    other: tuple[str, ...] = ()

    def interfaces(self) -> tuple[str, ...]:
        """The interfaces that carry heartbeat, each once, in the file's order."""
        names: dict[str, None] = {}
        for kind, *arguments in self.media:
            for name in arguments if kind == "bcast" else arguments[:1]:
                names[name] = None
        return tuple(names)


def parse(text: str) -> HaCf:
    """Read an ha.cf; raises HaCfError with the line and what to do."""
    found: dict[str, Any] = {"nodes": [], "media": [], "times": {}, "other": []}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            _directive(found, words, line.strip())
        except ValueError as error:
            raise HaCfError(f"ha.cf line {number}: {line.strip()!r}: {error}") from None
    if not found["nodes"]:
        raise HaCfError("ha.cf names no node: add `node NAME` for each, as `uname -n` prints it")
    if not found["media"]:
        raise HaCfError("ha.cf names no interface: add for example `bcast eth0`")
    for key in ("nodes", "media", "other"):
        found[key] = tuple(found[key])
    return HaCf(**found)


def _directive(found: dict[str, Any], words: list[str], line: str) -> None:
    name, *arguments = words
    if name in _TIMES:
        found["times"][name] = milliseconds(_one(arguments))
    elif name == "node":
        nodes = [*found["nodes"], *(node.lower() for node in arguments)]
        found["nodes"] = list(dict.fromkeys(nodes))
    elif name in _MEDIA:
        if not arguments:
            raise ValueError("an interface is missing")
        found["media"].append((name, *arguments))
    elif name in _SINGLE:
        key, reader = _SINGLE[name]
        found[key] = reader(_one(arguments))
    else:
        found["other"].append(line)


def _one(arguments: list[str]) -> str:
    if len(arguments) != 1:
        raise ValueError("it takes one value")
    return arguments[0]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ValueError("a port is between 1 and 65535")
    return int(text)


def milliseconds(text: str) -> int:
    """Heartbeat's way to write times, in milliseconds; raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("a time is written like 2, 0.5, 200ms or 500000us")
    factor = {None: 1000.0, "ms": 1.0, "us": 0.001}[match[2]]
    return round(float(match[1]) * factor)


_SINGLE: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "udpport": ("udp_port", _port),
    "auto_failback": ("auto_failback", str),
    "logfile": ("logfile", str),
    "debugfile": ("debugfile", str),
    "logfacility": ("logfacility", str),
    "watchdog": ("watchdog", str),
}


def render(ha: HaCf) -> str:
    """The text of an ha.cf."""
    lines = []
    for directive, (key, _) in _SINGLE.items():
        value = getattr(ha, key)
        if value is not None:
            lines.append(f"{directive} {value}")
    lines += [f"{name} {ha.times[name]}ms" for name in _TIMES if name in ha.times]
    lines += [" ".join(entry) for entry in ha.media]
    lines += [f"node {name}" for name in ha.nodes]
    lines += ha.other
    return "\n".join(lines) + "\n"
