"""What health means for a virtual service: who takes connections, and what people see of it.

Law: what a check has not decided yet, or cannot find out any more, changes nothing in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvsm.core.adjusting import adjusted
from lvsm.core.health import NOBODY, Health, Member, held_back, kept_in_service
from lvsm.core.model import Realserver, VirtualService
from lvsm.core.overlay import Overlay


def in_service(vip: VirtualService, overlay: Overlay, health: Health) -> frozenset[str] | None:
    """The labels of those that take connections by their checks; None when all do.

    Whoever an operator has drained or disabled neither counts for `min_up` nor is kept by it.
    """
    members = health.get(vip.name, NOBODY)
    if vip.check is None or all(member.up for member in members.values()):
        return None
    labels = [entry.label for entry in vip.realservers if adjusted(overlay, vip.name, entry).weight]
    return kept_in_service(labels, members, vip.min_up)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A realserver's health as people see it.

    `state` is up, down, unknown (nothing is heard any more) or unchecked (nothing was heard yet),
    empty without a check; `since` is seconds since 1970, None where nothing was heard.
    """

    state: str
    reason: str = ""
    since: float | None = None


def seen(
    vip: VirtualService,
    realserver: Realserver,
    members: Mapping[str, Member],
    *,
    fresh: bool,
    kept: bool,
    now: float,
) -> Seen:
    """How one realserver is; `fresh` says whether its reports come, `kept` that `min_up` keeps it.

    `now` is seconds since 1970.
    """
    if vip.check is None:
        return Seen(state="")
    member = members.get(realserver.label)
    if member is None:
        return Seen(state="unchecked", reason="" if fresh else "no check has reported yet")
    if not fresh:
        was = "up" if member.up else "down"
        reason = f"no check reports any more; it was {was}, and its weight stays"
        return Seen(state="unknown" if member.up else "down", reason=reason, since=member.since)
    if member.up:
        return Seen(state="up", since=member.since)
    reasons = [member.reason]
    if member.streak:
        reasons = ["its checks are good again"]
        if held_back(member, vip.check, now):
            reasons.append("it went up and down, and stays out for a while")
    if kept:
        reasons.append(f"kept in service by min_up = {vip.min_up}")
    return Seen(state="down", reason="; ".join(filter(None, reasons)), since=member.since)
