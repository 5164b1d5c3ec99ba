"""What becomes of resource groups when a node goes on standby: asked before it is done.

Law: the answer is what `core.groups` would decide if nothing else changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvsm.core.groups import Group, Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A group that the node holds, and who takes it; None when nobody can."""

    group: str
    vips: tuple[str, ...]
    successor: str | None


def takings(node: str, groups: Mapping[str, Group], peers: Mapping[str, Peer]) -> list[Taking]:
    """Each group that `node` holds with its successor; `peers` are all nodes as they are seen."""
    held = peers[node].holds if node in peers else frozenset()
    return [
        Taking(group=group.id, vips=group.vips, successor=_successor(node, group, peers))
        for group in groups.values()
        if group.id in held
    ]


def _successor(node: str, group: Group, peers: Mapping[str, Peer]) -> str | None:
    able = (name for name in group.directors if name != node and name in peers)
    return next((name for name in able if peers[name].up and peers[name].eligible), None)
