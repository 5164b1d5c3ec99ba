"""How a Save that did not come to be is answered."""

from __future__ import annotations

from collections.abc import Mapping

from lvsm.core.errors import LvsmError
from lvsm.core.generation import Generation
from lvsm.core.line_diff import unified
from lvsm.core.model_changes import model_changes
from lvsm.core.problems import Problem
from lvsm.core.replication.outcomes import Short

MOST_COMPARED = 800_000
"""Characters of two texts that are compared for a conflict; longer ones are for CONFIG DIFF."""
MOST_LINES = 200
"""Lines of a difference that a conflict is told with."""
UNSURE = (
    " Some of them may have taken it already, so it may still come to be: look at"
    " `lvsm config show` when they are back."
)


class ConflictError(LvsmError):
    """Another Save came first; `item` tells people and programs which, and what it changed."""

    code = "conflict"

    def __init__(self, message: str, item: Mapping[str, object] | None = None) -> None:
        """Keep the item beside the message."""
        super().__init__(message)
        self.item = item


class InvalidError(LvsmError):
    """The text breaks a rule; `problems` says which and where."""

    code = "invalid"

    def __init__(self, message: str, problems: tuple[Problem, ...]) -> None:
        """Keep the problems beside the message."""
        super().__init__(message)
        self.problems = problems


class NoMajorityError(LvsmError):
    """Too few of the nodes that decide take part."""

    code = "no-majority"


class BusyError(LvsmError):
    """Others saved again and again at the same time."""

    code = "busy"


class NothingToConfirmError(LvsmError):
    """No generation waits to be confirmed, or none could."""

    code = "nothing-to-confirm"


class ToBeConfirmedError(LvsmError):
    """A generation waits to be confirmed, and this Save would settle that."""

    code = "to-be-confirmed"


class UnheardNodesError(LvsmError):
    """After this Save nobody could decide: most of its nodes were never heard."""

    code = "unheard-nodes"


def short(outcome: Short, *, forced: bool) -> NoMajorityError:
    """Why too few nodes took part, and what can be done."""
    there = len(outcome.reached)
    silent = outcome.voters - outcome.reached - outcome.lost - outcome.strangers
    parts = [f"{there} of the {len(outcome.voters)} nodes that decide took part, and it needs"]
    parts[0] += f" {outcome.needed}: {outcome.missing} too few"
    for names, what in (
        (silent, "not heard"),
        (outcome.lost, "began with an empty disk, and decides after the next Save"),
        (outcome.strangers, "belongs to another cluster"),
    ):
        parts += [f"{', '.join(sorted(names))}: {what}"] if names else []
    advice = (
        "Bring one of them back"
        if forced
        else "Bring them back, or save with --force if they will not come back soon: what is saved"
        " on their side meanwhile is then displaced and kept in the history"
    )
    text = f"nothing was saved. {'; '.join(parts)}. {advice}."
    return NoMajorityError(text + UNSURE if outcome.unsure else text)


def unheard(voters: Mapping[str, str]) -> UnheardNodesError:
    """Why nobody could save after this one: most of its voters have no incarnation."""
    names = ", ".join(sorted(name for name, known in voters.items() if not known))
    return UnheardNodesError(
        f"nothing was saved: too few of the {len(voters)} nodes that it names have ever been"
        f" heard here (not yet: {names}), so nobody could save after it. Start plvsd there first"
    )


def conflict(
    head: Generation, before: Generation | None, *, number: int, age: float
) -> ConflictError:
    """That `head`, saved `age` seconds ago, is not what the text was made from.

    That was `before`, None where this node does not have it, with that `number`. Comparing long
    texts takes its time.
    """
    item: dict[str, object] = {
        "generation": head.number,
        "epoch": head.epoch,
        "author": head.author,
        "node": head.node,
        "comment": head.comment,
        "saved_at": head.saved_at,
        "age": round(age),
        "base": number,
    }
    if before is not None and len(before.text) + len(head.text) > MOST_COMPARED:
        item["changes"] = None
        item["lines"] = [f"the texts are long: lvsm config diff {number} {head.number}"]
    elif before is not None:
        names = (f"generation {number}", f"generation {head.number}")
        found = model_changes(before.text, head.text)
        item["changes"] = None if found is None else [change.to_json() for change in found]
        lines = unified(before.text, head.text, names=names)
        more = [f"... {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
        item["lines"] = [*lines[:MOST_LINES], *more]
    return ConflictError(
        f"generation {head.number} was saved by {head.author or 'nobody'} on"
        f" {head.node or 'no node'} {round(age)} s ago; your change was made from"
        f" generation {number}: look at `lvsm config show` and make it again",
        {"conflict": item},
    )
