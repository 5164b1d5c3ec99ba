"""What becomes of a realserver by the results of its checks: pure, with the time as an argument.

Law: `after(member, result, check, now)` is all there is: no result is looked at twice, and one that
says "could not check" changes nothing. What a member is follows from the table:

==========  ==========  ================================================================
it is       result      it becomes
==========  ==========  ================================================================
not known   good, bad   up, down: the first result decides alone
up          good        up; earlier bad results are forgotten
up          bad         down at the `fall`th in a row, else up
down        bad         down; earlier good results are forgotten
down        good        up at the `rise`th in a row, unless it is damped, else down
==========  ==========  ================================================================

Damping: each fall adds one to a penalty that halves every `HALF_LIFE` seconds. A member that falls
with a penalty of `DAMPED_FROM` or more stays out, however good its results, until the penalty is
under `DAMPED_TO`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import msgspec

from lvsm.core.check import Check
from lvsm.core.errors import LvsmError, shortened
from lvsm.core.operations import Value

HALF_LIFE = 60.0
DAMPED_FROM = 3.0
DAMPED_TO = 1.5
LONGEST_REASON = 200
GRACE_SECONDS = 6.0
"""How late a report may be beyond three intervals: mon takes a second or two between two runs."""


class BadHealthError(LvsmError):
    """Bytes that are no record of health."""

    code = "bad-health"


class Outcome(StrEnum):
    """What one check of one realserver found; UNKNOWN when it could not be made."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Result(Value, frozen=True, kw_only=True):
    """One result: of the realserver with that label, with the reason unless it is good."""

    label: str
    outcome: Outcome
    reason: str = ""


class Member(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What one realserver of a virtual service is by its checks.

    `since` is when it became so (seconds since 1970), `reason` why it is down or why the last check
    was bad, `streak` the results in a row that say otherwise. `penalty` is as it was at `marked`.
    """

    up: bool
    since: float
    reason: str = ""
    streak: int = 0
    penalty: float = 0.0
    marked: float = 0.0
    damped: bool = False


Health = Mapping[str, Mapping[str, Member]]
"""The members that are known of each virtual service, by their labels."""

NOTHING: Health = MappingProxyType({})
NOBODY: Mapping[str, Member] = MappingProxyType({})


def after(member: Member | None, result: Result, check: Check, now: float) -> Member | None:
    """What a member is after a result; the very same object when nothing has changed."""
    if result.outcome is Outcome.UNKNOWN:
        return member
    good = result.outcome is Outcome.UP
    reason = "" if good else result.reason[:LONGEST_REASON]
    if member is None:
        return Member(up=good, since=now, reason=reason, penalty=0.0 if good else 1.0, marked=now)
    if good is member.up:
        return _confirmed(member, reason)
    streak = member.streak + 1
    if member.up:
        return _bad(member, streak, reason, check, now)
    return _good(member, streak, check, now)


def _confirmed(member: Member, reason: str) -> Member:
    if not member.streak and member.reason == reason:
        return member
    return msgspec.structs.replace(member, streak=0, reason=reason)


def _bad(member: Member, streak: int, reason: str, check: Check, now: float) -> Member:
    if streak < check.fall:
        return msgspec.structs.replace(member, streak=streak, reason=reason)
    penalty = penalty_at(member, now) + 1.0
    damped = check.damping and penalty >= DAMPED_FROM
    return Member(up=False, since=now, reason=reason, penalty=penalty, marked=now, damped=damped)


def _good(member: Member, streak: int, check: Check, now: float) -> Member:
    penalty = penalty_at(member, now)
    if streak < check.rise or held_back(member, check, now):
        return msgspec.structs.replace(member, streak=min(streak, check.rise))
    return Member(up=True, since=now, penalty=penalty, marked=now)


def penalty_at(member: Member, now: float) -> float:
    """A member's penalty at a moment; a clock that was set back changes nothing."""
    age: float = max(0.0, now - member.marked)
    halved: float = member.penalty * 0.5 ** (age / HALF_LIFE)
    return halved


def held_back(member: Member, check: Check, now: float) -> bool:
    """Whether a member stays out because it went up and down too often."""
    return check.damping and member.damped and penalty_at(member, now) >= DAMPED_TO


def report(
    known: Mapping[str, Member],
    results: Iterable[Result],
    labels: Iterable[str],
    check: Check,
    now: float,
) -> Mapping[str, Member]:
    """A virtual service's members after a report; the same object when nothing has changed.

    `labels` are those of its realservers: members and results of others are dropped.
    """
    wanted = frozenset(labels)
    changed: dict[str, Member] = {}
    for result in results:
        if result.label in wanted:
            before = changed.get(result.label) or known.get(result.label)
            now_is = after(before, result, check, now)
            if now_is is not None and now_is is not before:
                changed[result.label] = now_is
    if not changed and known.keys() <= wanted:
        return known
    return {**{label: known[label] for label in known if label in wanted}, **changed}


def verdicts(members: Mapping[str, Member]) -> dict[str, bool]:
    """Who is up, of those that are known: what the kernel's table depends on."""
    return {label: member.up for label, member in members.items()}


def stale_after(check: Check) -> float:
    """Seconds without a report after which nothing is known of a virtual service's health."""
    return 3 * check.interval + check.timeout + GRACE_SECONDS


def kept_in_service(
    labels: Sequence[str], members: Mapping[str, Member], min_up: int
) -> frozenset[str]:
    """Those of `labels` that take connections: who is not down, and up to `min_up` of the others.

    The others are those that failed last, who are likeliest to be well; ties go by the label.
    """
    serving = [label for label in labels if label not in members or members[label].up]
    lacking = min_up - len(serving)
    if lacking > 0:
        down = sorted(set(labels) - set(serving), key=lambda label: (-members[label].since, label))
        serving += down[:lacking]
    return frozenset(serving)


def encode(health: Health) -> bytes:
    """Health as bytes for the disk."""
    return msgspec.json.encode(health)


def decode(data: bytes) -> dict[str, dict[str, Member]]:
    """Health that was kept on the disk; raises BadHealthError."""
    try:
        found: dict[str, dict[str, Member]] = msgspec.json.decode(
            data, type=dict[str, dict[str, Member]]
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadHealthError(f"no record of health: {shortened(error)}") from error
    return found
