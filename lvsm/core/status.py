"""The cluster's state in one document: what `lvsm status` prints and the web client shows.

A pure function of what one node knows. Every state that is not the good one has a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lvsm.core import health_told
from lvsm.core.adjusting import adjusted, cause, standby
from lvsm.core.eligibility import ACTIVE
from lvsm.core.facts import Facts
from lvsm.core.generation import Generation
from lvsm.core.health import NOBODY, Health
from lvsm.core.health_effects import Seen, in_service, seen
from lvsm.core.health_told import Told
from lvsm.core.model import Configuration, Realserver, VirtualService
from lvsm.core.overlay import NOTHING, Entry, Overlay

Document = dict[str, Any]
SERVING = frozenset({"up", "unknown"})
"""States in which a realserver takes connections; of an unknown one nothing bad is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What one node knows at one moment.

    `facts` are the fresh facts of every node that was heard, the own ones included; `statuses`
    heartbeat's; `now` seconds since 1970; `held_for` seconds since this node took each group;
    `unconfirmed` says why the generation may not be what the cluster wants, empty when it is.
    `health` is what this node's checks found, `fresh` the virtual services whose checks report.
    """

    me: str
    members: tuple[str, ...]
    generation: Generation
    configuration: Configuration
    group_of: Mapping[str, str]
    facts: Mapping[str, Facts]
    statuses: Mapping[str, str]
    held_for: Mapping[str, float]
    now: float
    overlay: Overlay = NOTHING
    unconfirmed: str = ""
    health: Health = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()


def status(known: Known) -> Document:
    """The whole document; its first keys answer the first question."""
    nodes = [node(known, name) for name in all_nodes(known)]
    vips = [vip(known, name) for name in known.configuration.vips]
    state, sentence = _sentence(nodes, vips)
    own = known.facts.get(known.me)
    return {
        "node": known.me,
        "cluster": known.configuration.cluster.name,
        "state": state,
        "sentence": sentence,
        "generation": known.generation.number,
        "epoch": known.generation.epoch,
        "saved": _saved(known),
        "unconfirmed": known.unconfirmed,
        "vips": vips,
        "nodes": nodes,
        "problems": list(own.problems) if own else [],
    }


def vip(known: Known, name: str) -> Document:
    """One virtual service: what it is, who holds it, who answers for it."""
    entry = known.configuration.vips[name]
    group = known.group_of.get(name)
    holders = sorted(n for n, facts in known.facts.items() if group in facts.holds)
    realservers = [document for _, document in members(known, name)]
    up = sum(member["state"] in SERVING for member in realservers)
    state, reason = _vip_state(known, entry, holders, realservers)
    return {
        "name": name,
        "address": str(entry.ip),
        "ports": "all" if entry.all_ports else list(entry.ports),
        "fwmark": entry.fwmark,
        "protocol": entry.protocol.value,
        "forwarding": entry.forwarding.value,
        "scheduler": entry.scheduler,
        "persistence": entry.persistence,
        "directors": list(entry.directors),
        "group": group,
        "holder": holders[0] if len(holders) == 1 else None,
        "holders": holders,
        "held_for_s": _round(known.held_for.get(group or "")) if known.me in holders else None,
        "up": up,
        "realservers": realservers,
        "state": state,
        "reason": reason,
    }


def _vip_state(
    known: Known, entry: VirtualService, holders: list[str], realservers: list[Document]
) -> tuple[str, str]:
    if not entry.enabled:
        return "disabled", "disabled in the configuration"
    if len(holders) > 1:
        return "held twice", f"held by {' and '.join(holders)}"
    if not holders:
        return "down", f"no director holds it ({_why_nobody(known, entry)})"
    states = [member["state"] for member in realservers]
    lacking = _lacking(states)
    if not any(member["state"] in SERVING or member["kept"] for member in realservers):
        others = f" ({lacking})" if set(states) - {"down"} else ""
        return "down", f"no realserver is up{others}"
    return ("degraded" if lacking else "serving"), lacking


def _lacking(states: list[str]) -> str:
    """Who of the realservers does not serve: `1 of 4 are down`, or with other states too."""
    counts = {word: states.count(word) for word in ("down", "unknown", "draining", "disabled")}
    others = [f"{count} {word}" for word, count in counts.items() if count]
    if len(others) == 1 and counts["down"]:
        return f"{counts['down']} of {len(states)} are down"
    return f"{' and '.join(others)} of {len(states)} realservers" if others else ""


def _why_nobody(known: Known, entry: VirtualService) -> str:
    reasons = []
    for name in entry.directors:
        facts = known.facts.get(name)
        if facts is None:
            reasons.append(f"{name}: {_node_state(known, name)[1] or 'not heard from'}")
        elif not facts.eligible:
            reasons.append(f"{name}: {facts.reason}")
        else:
            reasons.append(f"{name} is about to take it")
    return "; ".join(reasons)


def members(known: Known, name: str) -> Iterator[tuple[Realserver, Document]]:
    """The realservers of a virtual service, each with its document."""
    entry = known.configuration.vips[name]
    serving = in_service(entry, known.overlay, known.health)
    told = health_told.told(entry, known.facts, known.me, known.group_of.get(name))
    for member in entry.realservers:
        yield member, _realserver(known, entry, member, serving, told)


def _realserver(
    known: Known,
    entry: VirtualService,
    member: Realserver,
    serving: frozenset[str] | None,
    told: Told,
) -> Document:
    """One realserver of a virtual service: its weight and state now, each with its cause.

    `serving` are the labels of those that take connections by their checks, None for all; `told`
    is what other directors find down.
    """
    node = known.configuration.nodes.get(member.node)
    wanted = adjusted(known.overlay, entry.name, member)
    external = node is not None and node.external
    mine = known.me in entry.directors
    health = _health(known, entry, member, serving) if mine else health_told.hearsay(member, told)
    state, reason = _by_health(known, member, health, external=external)
    if wanted.state is not None and wanted.cause is not None and (state in SERVING or external):
        state, reason = wanted.state.value, cause(wanted.cause)
    failing = serving is not None and member.label not in serving
    if not mine:
        failing = health.state == "down" and not entry.min_up
    return {
        "node": member.node,
        "address": str(node.address) if node and node.address else None,
        "port": member.port or (entry.ports[0] if len(entry.ports) == 1 else 0) or None,
        "weight": 0 if failing else wanted.weight,
        "configured_weight": member.weight,
        "forwarding": entry.forwarding_of(member).value,
        "state": state,
        "reason": reason,
        "cause": said(known, wanted.cause),
        "weighed": said(known, wanted.weighed),
        "health": health.state or None,
        "health_for_s": _round(_age(known, health.since)),
        "kept": health.state == "down" and not failing,
        "disagree": health_told.disagreement(member, health, told) if mine else [],
    }


def _health(
    known: Known, entry: VirtualService, member: Realserver, serving: frozenset[str] | None
) -> Seen:
    return seen(
        entry,
        member,
        known.health.get(entry.name, NOBODY),
        fresh=entry.name in known.fresh,
        kept=serving is not None and member.label in serving,
        now=known.now,
    )


def _by_health(
    known: Known, member: Realserver, health: Seen, *, external: bool
) -> tuple[str, str]:
    """The state of a realserver by its checks, or where none speaks by its node's state."""
    if health.state in ("up", "down", "unknown"):
        return health.state, health.reason
    state, reason = ("up", "") if external else _node_state(known, member.node)
    # A realserver forwards nothing: plvsd silent on it is no reason to call it down.
    return ("up" if state in ("up", "unreachable") else "down"), reason or health.reason


def _age(known: Known, since: float | None) -> float | None:
    return None if since is None else max(0.0, known.now - since)


def said(known: Known, entry: Entry | None) -> Document | None:
    """Who said something that holds beside the configuration, why and when."""
    if entry is None:
        return None
    return {
        "value": entry.value,
        "by": entry.author,
        "reason": entry.reason,
        "at": entry.at,
        "ago_s": _round(max(0.0, known.now - entry.at)),
        "everywhere": not entry.object.vip,
    }


def _node_state(known: Known, name: str) -> tuple[str, str]:
    heartbeat = known.statuses.get(name)
    if not known.statuses:
        return ("up", "") if name in known.facts else ("dead", "heartbeat does not run here")
    if heartbeat != ACTIVE:
        return "dead", f"heartbeat calls it {heartbeat or 'unknown'}"
    if name not in known.facts:
        return "unreachable", "heartbeat says up, plvsd does not answer"
    return "up", ""


def node(known: Known, name: str) -> Document:
    """One node: what it is, how it is, and what it holds."""
    facts = known.facts.get(name)
    entry = known.configuration.nodes.get(name)
    external = entry is not None and entry.external
    director = name in known.configuration.directors()
    state, reason = ("external", "") if external else _node_state(known, name)
    waits = standby(known.overlay, name)
    if state == "up" and waits is not None:
        state, reason = "standby", cause(waits, "put there")
    elif state == "up" and director and facts is not None and not facts.eligible:
        state, reason = "not eligible", facts.reason
    address = facts.address if facts else (str(entry.address) if entry and entry.address else None)
    return {
        "name": name,
        "role": "director" if director else "realserver" if _serves(known, name) else "node",
        "address": address,
        "state": state,
        "reason": reason,
        "heartbeat": known.statuses.get(name),
        "plvsd": facts.version if facts else None,
        "generation": facts.order[1] if facts else None,
        "applied": facts is not None and facts.programmed == known.generation.hash,
        "holds": list(facts.holds) if facts else [],
        "problems": list(facts.problems) if facts else [],
        "foreign_services": list(facts.foreign) if facts else [],
        "foreign_services_count": facts.foreign_count if facts else 0,
        "standby": said(known, waits),
    }


def _serves(known: Known, name: str) -> bool:
    return any(realserver.node == name for _, realserver in known.configuration.realservers())


def all_nodes(known: Known) -> list[str]:
    """The names of all nodes: ha.cf's first, then those that only the text names."""
    return [*known.members, *(n for n in known.configuration.nodes if n not in known.members)]


def _saved(known: Known) -> Document | None:
    generation = known.generation
    if generation.number == 0:
        return None
    have = sum(facts.order == generation.order for facts in known.facts.values())
    return {
        "by": generation.author,
        "on": generation.node,
        "comment": generation.comment,
        "at": generation.saved_at,
        "ago_s": _round(max(0.0, known.now - generation.saved_at)),
        "nodes_with_it": have,
        "nodes": len(known.members),
    }


def _sentence(nodes: list[Document], vips: list[Document]) -> tuple[str, str]:
    down = [v for v in vips if v["state"] in ("down", "held twice")]
    if down:
        first = down[0]
        return "down", f"down. {first['name']}: {first['reason']}."
    ill = [v for v in vips if v["state"] == "degraded"]
    sick = [n for n in nodes if n["state"] not in ("up", "external") or n["problems"]]
    if ill:
        return "degraded", f"degraded. {ill[0]['name']}: {ill[0]['reason']}."
    if sick:
        first = sick[0]
        why = first["reason"] or "; ".join(first["problems"])
        return "degraded", f"degraded. {first['name']} is {first['state']}: {why}."
    serving = [v for v in vips if v["state"] == "serving"]
    if not serving:
        return "OK", "OK. No VIP yet: add one with `lvsm config save FILE`."
    directors = {holder for v in serving for holder in v["holders"]}
    members = sum(len(v["realservers"]) for v in serving)
    return "OK", (
        f"OK. {_count(len(serving), 'VIP')} on {_count(len(directors), 'director')},"
        f" {members} of {members} realservers up."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
