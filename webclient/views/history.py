"""The history: who saved what, what differed, and going back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from lvsm.client import RefusedError
from webclient.commands import command
from webclient.drafting import planned
from webclient.site import done, failed, go, session, status_now
from webclient.views.changes import LONGEST_COMMENT, MOST_LINES, seconds

bp = Blueprint("history", __name__, url_prefix="/history")
MOST = 100
LONGEST_WORD = 80


@bp.get("")
def listed() -> str:
    """The newest generations."""
    nodes = session().nodes
    rows = nodes.ask("CONFIG HISTORY", options={"limit": MOST}).items
    return render_template(
        "history.html",
        status=status_now(),
        rows=[{**row, "word": word_of(row)} for row in rows],
        most=MOST,
    )


@bp.get("/<word>")
def shown(word: str) -> str:
    """What one generation changed, what going back to it would change, and its text."""
    nodes = session().nodes
    status = status_now()
    one = nodes.one("CONFIG SHOW", _sound(word))
    parent = _parent(one)
    return render_template(
        "generation.html",
        status=status,
        one=one,
        word=word,
        made=_difference(parent, word) if parent else None,
        present=one["generation"] == status["generation"] and one["epoch"] == status["epoch"],
        most=MOST_LINES,
    )


@bp.get("/<word>/rollback")
def ask_rollback(word: str) -> str:
    """What going back would do."""
    nodes = session().nodes
    status = status_now()
    one = nodes.one("CONFIG SHOW", _sound(word))
    present = nodes.one("CONFIG SHOW")
    return render_template(
        "rollback.html",
        status=status,
        one=one,
        word=word,
        present=present,
        back=_difference(word_of(present), word),
        answer=planned(one["text"]),
        command=command("config", "rollback", word),
    )


@bp.post("/<word>/rollback")
def rollback(word: str) -> Response:
    """Save an older generation again."""
    comment = request.form.get("comment", "").strip()[:LONGEST_COMMENT] or None
    options = {
        "base": request.form.get("base", type=int),
        "comment": comment,
        "confirm": seconds(),
    }
    try:
        answer = session().nodes.one("CONFIG ROLLBACK", _sound(word), options=options)
    except RefusedError as error:
        if error.code == "forbidden":
            raise
        failed(error.message)
        return go("history.ask_rollback", word=word)
    done(answer["summary"], command=command("config", "rollback", word, comment=comment))
    return go("history.listed")


def word_of(row: Mapping[str, Any]) -> str:
    """How commands name a generation: by its number, one that was displaced by its hash."""
    displaced = row.get("state") == "conflict"
    return str(row["hash"])[:16] if displaced else str(row["generation"])


def _parent(one: Mapping[str, Any]) -> str | None:
    rows = session().nodes.ask("CONFIG HISTORY", options={"limit": MOST}).items
    return next((row["parent"] for row in rows if row["hash"] == one["hash"]), None)


def _difference(before: str, after: str) -> dict[str, Any] | None:
    """What differs; None where one of the two cannot be read any more."""
    try:
        return session().nodes.one("CONFIG DIFF", before, after)
    except RefusedError:
        return None


def _sound(word: str) -> str:
    if len(word) > LONGEST_WORD or not all(c.isalnum() or c == "@" for c in word):
        abort(404, "a generation is named by its number, NUMBER@EPOCH, or its hash")
    return word
