"""Whether this node may hold resource groups now, and why not.

Law: the first reason found is the one shown, and the order below goes from what an admin can see
from outside (heartbeat) to what is LVSM's own affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvsm.core.facts import Facts

ACTIVE = "active"
DEAD = "dead"
STRANGERS_SECONDS = 5.0
"""How long a node that heartbeat calls active may stay unheard before it is not waited for."""
BEHIND_SECONDS = 3.0
"""How long a node that holds groups may lack a generation that others have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What one node knows when it asks itself whether it may hold groups.

    `statuses` are heartbeat's, by node; `heard` the fresh facts of other nodes; `up_for` is for how
    many seconds this node's heartbeat has been seen running, `behind_for` for how many a generation
    newer than this node's has been known. `applied` says that nothing the kernel should have was
    missing from it or refused when last looked at; `holding` that this node holds a group now;
    `standby` is why an operator has put it on standby, empty when nobody has.
    """

    me: str
    heartbeat: bool
    leaving: bool
    statuses: Mapping[str, str]
    heard: Mapping[str, Facts]
    order: tuple[int, int, str]
    ipvs: bool
    applied: bool
    up_for: float
    behind_for: float = 0.0
    holding: bool = False
    standby: str = ""


def reason_against(now: Situation) -> str | None:
    """Why the node may not hold groups; None when it may."""
    reason = _heartbeats_reason(now)
    if reason is not None:
        return reason
    if now.standby:
        return now.standby
    if not now.ipvs:
        return "the kernel has no IPVS"
    # A Save reaches the nodes one after the other: no reason for a holder to let go, if it passes.
    newest = max((facts.order for facts in now.heard.values()), default=now.order)
    patience = BEHIND_SECONDS if now.holding else 0.0
    if newest > now.order and now.behind_for >= patience:
        return f"generation {newest[1]} is known, this node has {now.order[1]}"
    if not now.applied:
        return "the kernel does not have the configuration yet"
    return _strangers_reason(now)


def _heartbeats_reason(now: Situation) -> str | None:
    if not now.heartbeat:
        return "heartbeat does not run"
    if now.leaving:
        return "heartbeat is stopping"
    if now.statuses.get(now.me) != ACTIVE:
        return "heartbeat has not joined the cluster yet"
    return None


def _strangers_reason(now: Situation) -> str | None:
    if now.holding or now.up_for >= STRANGERS_SECONDS:
        return None  # a plvsd that was restarted goes on with what it finds
    unheard = sorted(
        node
        for node, status in now.statuses.items()
        if status == ACTIVE and node != now.me and node not in now.heard
    )
    return f"not heard from yet: {', '.join(unheard)}" if unheard else None


def is_up(status: str | None, facts: Facts | None) -> bool:
    """Whether a node counts as up: `status` is heartbeat's word here, `facts` its own, if fresh.

    heartbeat runs its scripts one after the other, so `active` may be some tenths of a second late.
    Until then the node's own word counts, which is that *its* heartbeat has joined. Dead is dead.
    """
    if status == ACTIVE:
        return True
    return status not in (None, DEAD) and facts is not None and facts.eligible
