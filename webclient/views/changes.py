"""Pending changes: look at them, save them, or throw them away; and what a conflict is about."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from lvsm.client import ConflictError, OutcomeUnknownError, RefusedError
from lvsm.client.configuration import EditError, difference
from webclient.commands import of_edit
from webclient.drafting import base_now, planned
from webclient.drafts import Base, Change, Draft
from webclient.site import done, failed, go, session, status_now

bp = Blueprint("changes", __name__, url_prefix="/changes")
LONGEST_COMMENT = 500
MOST_LINES = 2_000


@bp.get("")
def page() -> str:
    """The difference, what plvsd says to it, and the buttons; a conflict if there is one."""
    me = session()
    status = status_now()
    draft = me.draft
    if draft is None:
        return render_template("changes.html", status=status, changes=[])
    now = base_now()
    behind = now.number != draft.base.number
    return render_template(
        "changes.html",
        status=status,
        changes=[_said(change) for change in draft.changes],
        lines=draft.lines(most=MOST_LINES),
        answer=planned(draft.text),
        newest=now,
        behind=behind,
        theirs=_theirs(draft, now) if behind else [],
        both=draft.touched_by(now) if behind else (),
    )


@bp.post("/save")
def save() -> Response:
    """Save all of it as the next generation."""
    me = session()
    draft = me.draft
    if draft is None:
        failed("There is nothing to save.")
        return go("changes.page")
    comment = request.form.get("comment", "").strip()[:LONGEST_COMMENT]
    options: dict[str, object] = {
        "base": draft.base.number,
        "comment": comment or _summary(draft),
        "confirm": seconds(),
        "force": "yes" if request.form.get("force") else None,
    }
    try:
        answer = me.nodes.one("CONFIG SAVE", options=options, literal=draft.text.encode())
    except ConflictError as error:
        failed(error.message)
    except OutcomeUnknownError:
        _look(draft)
    except RefusedError as error:
        if error.code == "forbidden":
            raise
        failed(error.message)
    else:
        me.draft = None
        done(answer["summary"], command="lvsm config save FILE")
        return go("vips.listed")
    return go("changes.page")


@bp.post("/confirm")
def confirm() -> Response:
    """Have a Save that waits for it hold for good."""
    options = {"generation": request.form.get("generation", type=int)}
    try:
        answer = session().nodes.one("CONFIG CONFIRM", options=options)
    except RefusedError as error:
        if error.code == "forbidden":
            raise
        failed(error.message)
    else:
        done(answer["summary"], command="lvsm config confirm")
    return go("overview.page")


@bp.post("/again")
def again() -> Response:
    """Make the changes once more in what somebody else has saved meanwhile."""
    me = session()
    if me.draft is not None:
        now = base_now()
        try:
            me.draft = Draft.of(now, me.draft.changes)
        except EditError as error:
            failed(f"A change cannot be made in generation {now.number}: {error.message}")
        else:
            done(f"Your changes are made in generation {now.number} now. Look at them, and save.")
    return go("changes.page")


@bp.post("/discard")
def discard() -> Response:
    """Throw the changes away: all, or one."""
    me = session()
    index = request.form.get("change", type=int)
    if me.draft is None:
        return go("overview.page")
    if index is None:
        me.draft = None
        done("Your changes are discarded; nothing was saved.")
        return go("vips.listed")
    try:
        rest = me.draft.without(index) if 0 <= index < len(me.draft.changes) else me.draft
    except EditError as error:
        failed(f"A later change needs this one: {error.message}")
    else:
        me.draft = rest if rest.changes else None
    return go("changes.page")


def seconds() -> int | None:
    """In how many seconds somebody has to confirm; None for a Save that holds as it is."""
    minutes = request.form.get("minutes", type=int)
    return minutes * 60 if request.form.get("confirm") and minutes else None


def _look(draft: Draft) -> None:
    """Find out what became of a Save whose answer did not come."""
    me, now = session(), base_now()
    if now.text == draft.text:
        me.draft = None
        done(f"The answer was lost, but it is saved, as generation {now.number}.")
    else:
        failed("The answer was lost, and it is not saved: look, and save again.")


def _theirs(draft: Draft, now: Base) -> list[str]:
    names = (f"generation {draft.base.number}", f"generation {now.number}")
    return difference(draft.base.text, now.text, names=names)[:MOST_LINES]


def _summary(draft: Draft) -> str:
    words = [words for change in draft.changes for words in change.words]
    return "; ".join(words)[:LONGEST_COMMENT]


def _said(change: Change) -> list[tuple[str, str]]:
    """Each edit in a few words, and as the command that makes it."""
    return [(words, of_edit(edit)) for words, edit in zip(change.words, change.edits, strict=True)]
