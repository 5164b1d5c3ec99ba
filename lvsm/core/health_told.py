"""What other directors tell of a realserver's health: for nodes that check nothing, and to compare.

Law: each director's own view decides its own table; what others find is shown, never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from lvsm.core.facts import Facts, Ill
from lvsm.core.health_effects import Seen
from lvsm.core.model import Realserver, VirtualService

Told: TypeAlias = Mapping[str, Mapping[str, Ill]]
"""What directors find down, by their names and the realservers' labels; the holder stands first."""


def told(entry: VirtualService, facts: Mapping[str, Facts], me: str, group: str | None) -> Told:
    """What the other directors tell whose checks of a virtual service report there."""
    if entry.check is None:
        return {}
    heard = [
        (name, facts[name])
        for name in entry.directors
        if name in facts and name != me and entry.name in facts[name].checked
    ]
    heard.sort(key=lambda pair: group not in pair[1].holds)
    return {
        name: {ill.label: ill for ill in found.ill if ill.vip == entry.name}
        for name, found in heard
    }


def hearsay(member: Realserver, found: Told) -> Seen:
    """A realserver's health on a node that checks nothing: as the holder finds it."""
    for ill in found.values():
        down = ill.get(member.label)
        if down is None:
            return Seen(state="up")
        return Seen(state="down", reason=down.reason, since=down.since)
    return Seen(state="")


def disagreement(member: Realserver, health: Seen, found: Told) -> list[str]:
    """Which other directors find it otherwise, and what they say."""
    if health.state not in ("up", "down"):
        return []
    differing = []
    for name, ill in found.items():
        down = ill.get(member.label)
        if (down is None) != (health.state == "up"):
            differing.append(f"{name} finds it {f'down: {down.reason}' if down else 'up'}")
    return differing
