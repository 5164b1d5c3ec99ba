"""Having something said of an object of the overlay, and the answer to whoever said it."""

from __future__ import annotations

from typing import Any

from lvsm.core.messages import BadRequestError
from lvsm.core.overlay import LONGEST_REASON, Object, Word
from lvsm.core.overlay_words import command, object_text, value_text
from lvsm.core.session_actions import Request
from lvsm.daemon.overlaying import Overlaying
from lvsm.daemon.requests import switch
from lvsm.daemon.view import View

DRY_RUN = "dry-run"


async def say(
    overlaying: Overlaying,
    view: View,
    request: Request,
    wanted: Object,
    value: int | Word | None,
) -> tuple[dict[str, Any], str]:
    """Have something hold unless it is a dry run: the answer's document and its text."""
    reason = request.options.get("reason", "")
    if len(reason) > LONGEST_REASON:
        raise BadRequestError(f"the reason has more than {LONGEST_REASON} characters")
    before = view.overlay.get(wanted)
    was = before.value if before is not None else None
    dry_run, changed = switch(request, DRY_RUN), was != value
    if changed and not dry_run:
        await overlaying.say([(wanted, value)], author=request.principal.name, reason=reason)
    text = f"{object_text(wanted)}: {value_text(wanted.kind, value)}"
    if not changed:
        text += " already"
    elif dry_run:
        text += ", if this were not a dry run"
    undo = command(wanted, was) if changed else None
    document = {
        "subject": object_text(wanted),
        "was": value_text(wanted.kind, was),
        "value": value_text(wanted.kind, value),
        "changed": changed and not dry_run,
        "undo": undo,
    }
    return document, text
