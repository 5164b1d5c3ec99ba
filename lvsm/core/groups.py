"""Resource groups: which virtual services move together, and who holds them.

Law: who holds a group is a function of what is known, the same on every node. The first director of
the group's list that is up and eligible holds it; nobody takes what a living node holds without
that node's letting go; a holder that has no eligible successor keeps what it has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from lvsm.core.model import Configuration, Failback, VirtualService


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Virtual services that share an address or a NAT gateway, with their common directors."""

    id: str
    directors: tuple[str, ...]
    addresses: tuple[str, ...]
    vips: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A node as the question of ownership sees it; `up` is heartbeat's word."""

    name: str
    up: bool
    eligible: bool
    holds: frozenset[str] = frozenset()


class Action(Enum):
    """What a node is to do about a group."""

    TAKE = auto()
    ASK = auto()
    KEEP = auto()
    YIELD = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do and why; `holder` is whom to ask."""

    action: Action
    reason: str
    holder: str | None = None


def components(configuration: Configuration) -> tuple[frozenset[str], ...]:
    """The names of enabled virtual services that move together, in the text's order."""
    found: dict[int, tuple[set[str], set[str]]] = {}
    owners: dict[str, int] = {}  # of each key, the component that has it
    for index, vip in enumerate(vip for vip in configuration.vips.values() if vip.enabled):
        new = _keys(vip)
        names, keys = {vip.name}, new
        for other in sorted({owners[key] for key in new if key in owners}):
            more_names, more_keys = found.pop(other)
            names, keys = more_names | names, more_keys | keys
        found[index] = names, keys
        owners.update(dict.fromkeys(keys, index))
    return tuple(frozenset(names) for names, _ in found.values())


def _keys(vip: VirtualService) -> set[str]:
    gateway = {str(vip.nat_gateway.ip)} if vip.nat_gateway else set()
    return {str(vip.ip)} | gateway


def assign(
    previous: Mapping[str, frozenset[str]], configuration: Configuration
) -> dict[str, frozenset[str]]:
    """A stable id for each component of `configuration`.

    A component keeps the id of the previous group with which it shares most virtual services; the
    others are named after their first virtual service. No id is given twice.
    """
    wanted = list(components(configuration))
    before: defaultdict[str, list[str]] = defaultdict(list)
    for group, names in previous.items():
        for name in names:
            before[name].append(group)
    shares = sorted(
        (-count, group, index)
        for index, names in enumerate(wanted)
        for group, count in Counter(group for name in names for group in before[name]).items()
    )
    ids: dict[int, str] = {}
    given: set[str] = set()
    for _, group, index in shares:
        if index not in ids and group not in given:
            ids[index] = group
            given.add(group)
    taken = set(previous) | given
    for index, names in enumerate(wanted):
        if index not in ids:
            ids[index] = _new_id(min(names), taken)
            taken.add(ids[index])
    return {ids[index]: names for index, names in enumerate(wanted)}


def _new_id(name: str, taken: Iterable[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        suffix = f"-{number}"
        candidate = name[: 63 - len(suffix)] + suffix
    return candidate


def groups(configuration: Configuration, ids: Mapping[str, frozenset[str]]) -> dict[str, Group]:
    """The groups by id; virtual services that the configuration does not have are left out."""
    found = {}
    for group, names in sorted(ids.items()):
        vips = [configuration.vips[name] for name in sorted(names) if name in configuration.vips]
        if vips:
            found[group] = Group(
                id=group,
                directors=vips[0].directors,
                addresses=tuple(sorted({str(vip.ip) for vip in vips})),
                vips=tuple(vip.name for vip in vips),
            )
    return found


def decide(me: str, group: Group, views: Mapping[str, Peer], failback: Failback) -> Decision:
    """What node `me` is to do about `group`; `views` has every node as `me` sees it."""
    mine = views[me]
    holding = group.id in mine.holds
    others = sorted(
        name for name, peer in views.items() if name != me and peer.up and group.id in peer.holds
    )
    candidates = [
        name
        for name in group.directors
        if name in views and views[name].up and views[name].eligible
    ]
    preferred = _preferred(candidates, [me, *others] if holding else others, failback)
    if preferred == me:
        return _mine(group, me, holding=holding, others=others)
    if not holding:
        return Decision(action=Action.NOTHING, reason=f"it is {preferred or 'nobody'}'s")
    if me not in group.directors:
        return Decision(action=Action.YIELD, reason="this node is no director of it any more")
    if preferred is None:
        return Decision(action=Action.KEEP, reason="no director may hold it, so it stays")
    if preferred in others:
        return Decision(action=Action.YIELD, reason=f"{preferred} holds it too and comes first")
    if me not in candidates:
        return Decision(action=Action.YIELD, reason=f"{preferred} can hold it, this node cannot")
    return Decision(action=Action.KEEP, reason=f"until {preferred} asks for it")


def _preferred(candidates: list[str], holders: list[str], failback: Failback) -> str | None:
    if failback is Failback.MANUAL:
        staying = [name for name in candidates if name in holders]
        if staying:
            return staying[0]
    return candidates[0] if candidates else None


def _mine(group: Group, me: str, *, holding: bool, others: list[str]) -> Decision:
    if holding:
        return Decision(action=Action.TAKE, reason="it is this node's")
    if others:
        return Decision(
            action=Action.ASK,
            reason=f"{others[0]} holds it, and {me} comes first",
            holder=others[0],
        )
    return Decision(action=Action.TAKE, reason=f"first of {', '.join(group.directors)} that can")
