"""A Save that has to be confirmed, or is rolled back.

Law: confirming and rolling back are two Saves on one base, so one of them happens and never both;
so is any other Save made meanwhile, which settles the matter too. All nodes roll back under one
request id, so that they ask for one and the same thing. Until it is decided, a node without a
majority applies what was there before and says that this is unconfirmed.

    not yet due   -> HOLD       the generation, waiting
    due, majority -> ROLL_BACK  the generation, until the roll-back is decided
    due, alone    -> FALL_BACK  the parent, unconfirmed; nothing is saved
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lvsm.core.generation import Generation
from lvsm.core.replication.wishes import Wish


class Course(StrEnum):
    """What a node does about a generation that has to be confirmed."""

    SETTLED = "settled"
    HOLD = "hold"
    ROLL_BACK = "roll back"
    FALL_BACK = "fall back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a node applies, and what it does besides.

    `unconfirmed` is what people are shown: this is not known to be what the cluster wants.
    """

    generation: Generation
    course: Course
    unconfirmed: bool


def applied(head: Generation, parent: Generation | None, *, now: float, majority: bool) -> Applied:
    """What a node applies now (seconds since 1970, UTC).

    `parent` is the generation before `head`, None when this node does not have it: then it stays
    with `head`. Raises ValueError when it is another one.
    """
    if parent is not None and parent.hash != head.parent:
        raise ValueError("that is not the parent")
    if head.confirm_by is None:
        return Applied(generation=head, course=Course.SETTLED, unconfirmed=False)
    if now < head.confirm_by:
        return Applied(generation=head, course=Course.HOLD, unconfirmed=True)
    if majority:
        return Applied(generation=head, course=Course.ROLL_BACK, unconfirmed=True)
    return Applied(generation=parent or head, course=Course.FALL_BACK, unconfirmed=True)


def confirmation(
    head: Generation, *, request: str, author: str, node: str, now: float, voters: Mapping[str, str]
) -> Wish:
    """The Save that confirms `head`: the same text, without a time limit."""
    return Wish(
        request=request,
        base=head.order,
        text=head.text,
        author=author,
        node=node,
        saved_at=now,
        comment=f"confirmed generation {head.number}",
        groups=head.groups,
        users=head.users,
        voters=voters,
    )


def roll_back(
    head: Generation, parent: Generation, *, node: str, now: float, voters: Mapping[str, str]
) -> Wish:
    """The Save that takes `head` back: its parent's text, and the users as they are.

    Raises ValueError for another parent.

    `voters` are those of the parent's configuration (`joining.voters`).
    """
    if parent.hash != head.parent:
        raise ValueError("that is not the parent")
    return Wish(
        request=f"roll-back {head.hash}",
        base=head.order,
        text=parent.text,
        author=head.author,
        node=node,
        saved_at=now,
        comment=f"rolled back generation {head.number}: nobody confirmed it in time",
        groups=parent.groups,
        users=head.users,
        voters=voters,
    )
