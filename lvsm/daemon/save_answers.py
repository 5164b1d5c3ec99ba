"""How a Save is asked for and answered, whichever verb made it.

Law: `complete` says that every node of ha.cf has the generation, durably, and has applied it.
"""

from __future__ import annotations

from lvsm.core.messages import BadRequestError
from lvsm.core.session_actions import Request
from lvsm.daemon.requests import number, switch
from lvsm.daemon.saves import Asked, Saved

LEAST_CONFIRM_SECONDS = 5
MOST_CONFIRM_SECONDS = 86_400
"""The shortest and longest time that somebody may have to confirm a Save."""


def asked(request: Request, text: str, *, comment: str = "") -> Asked:
    """A Save of `text` by a request's options; raises BadRequestError.

    They are `base`, `epoch`, `comment` (else the given one), `force`, `request` and `confirm`.
    """
    return Asked(
        text=text,
        author=request.principal.name,
        base=number(request, "base"),
        epoch=number(request, "epoch"),
        comment=request.options.get("comment", comment),
        forced=switch(request, "force"),
        request=request.options.get("request", ""),
        confirm=_seconds(request),
    )


def document(
    saved: Saved, members: tuple[str, ...], *, what: str, unchanged: str = "is already"
) -> dict[str, object]:
    """What became of a Save; `members` are ha.cf's nodes, `what` begins the sentence.

    `unchanged` is what is said where the text was there already.
    """
    generation, missing = saved.generation, sorted(set(members) - saved.nodes)
    pending = sorted(saved.nodes - saved.applied)
    verb = "saved as" if saved.changed else unchanged
    sentence = f"{what} {verb} generation {generation.number};"
    sentence += f" {len(members) - len(missing)} of {len(members)} nodes have it"
    if missing:
        sentence += f", not yet {', '.join(missing)}"
    if pending:
        sentence += f"; {', '.join(pending)} did not apply it yet"
    return {
        "generation": generation.number,
        "epoch": generation.epoch,
        "changed": saved.changed,
        "nodes": sorted(saved.nodes),
        "applied": sorted(saved.applied),
        "complete": not missing and not pending,
        "confirm_by": generation.confirm_by,
        "undo": undo(saved),
        "summary": sentence,
    }


def undo(saved: Saved) -> str | None:
    """The command that takes a Save back, None where nothing was there before."""
    before = saved.generation.number - 1
    return f"lvsm config rollback {before}" if saved.changed and before else None


def _seconds(request: Request) -> int | None:
    """In how many seconds a Save has to be confirmed; raises BadRequestError."""
    seconds = number(request, "confirm")
    if seconds is not None and not LEAST_CONFIRM_SECONDS <= seconds <= MOST_CONFIRM_SECONDS:
        raise BadRequestError(
            f"confirm={seconds} is not from {LEAST_CONFIRM_SECONDS} to {MOST_CONFIRM_SECONDS}"
            " seconds"
        )
    return seconds
