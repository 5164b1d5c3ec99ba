"""Virtual services and their realservers: what they are, and what operators do to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from lvsm.client import RefusedError
from webclient.commands import command
from webclient.drafts import Draft
from webclient.site import done, failed, go, session, status_now
from webclient.words import urgency, where

bp = Blueprint("vips", __name__, url_prefix="/vips")
PAGE = 50
LONGEST_REASON = 200
COLUMNS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "name": lambda vip: vip["name"],
    "address": where,
    "holder": lambda vip: vip["holder"] or "",
    "up": lambda vip: vip["up"] / (len(vip["realservers"]) or 1),
    "state": lambda vip: (urgency(vip["state"]), vip["name"]),
}
"""By what the list is sorted."""
ACTIONS: Mapping[str, str] = {
    "weight": "RS WEIGHT",
    "drain": "RS DRAIN",
    "disable": "RS DISABLE",
    "enable": "RS ENABLE",
}


@bp.get("")
def listed() -> str:
    """All of them, filtered, sorted and paged."""
    status = status_now()
    asked = request.args.get("q", "").strip()[:100]
    sort = request.args.get("sort", "state")
    found = [vip for vip in status["vips"] if _matches(vip, asked.lower())]
    found.sort(key=COLUMNS.get(sort.removeprefix("-"), COLUMNS["state"]))
    if sort.startswith("-"):
        found.reverse()
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "vips.html",
        status=status,
        vips=found[(page - 1) * PAGE : page * PAGE],
        count=len(found),
        asked=asked,
        sort=sort,
        page=page,
        pages=pages,
        pending=pending(session().draft, status),
    )


@bp.get("/<name>")
def shown(name: str) -> str:
    """One of them with its realservers."""
    nodes = session().nodes
    vip = nodes.one("VIP SHOW", name)
    members = nodes.ask("RS LIST", name).items
    status = status_now()
    return render_template("vip.html", status=status, vip=vip, members=members)


@bp.post("/<name>/realservers/<realserver>")
def act(name: str, realserver: str) -> Response:
    """Drain, disable or enable a realserver, or give it another weight."""
    action = request.form.get("action", "")
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON] or None
    if action not in ACTIONS:
        abort(400, "there is no such action")
    weight = (request.form.get("weight", "").strip(),) if action == "weight" else ()
    words = (name, realserver, *weight)
    _say(ACTIONS[action], words, reason, command("rs", action, *words, reason=reason))
    return go("vips.shown", name=name)


def _say(verb: str, words: tuple[str, ...], reason: str | None, typed: str) -> None:
    try:
        answer = session().nodes.one(verb, *words, options={"reason": reason})
    except RefusedError as error:
        if error.code == "forbidden":
            raise
        failed(error.message)
        return
    text = f"{answer['subject']}: {answer['value']}"
    if not answer["changed"]:
        text += " already"
    note = answer.get("note")
    done(f"{text}. {note}" if note else text, command=typed, undo=answer.get("undo"))


def pending(draft: Draft | None, status: Mapping[str, Any]) -> dict[str, str]:
    """What the draft does to each virtual service: `new`, `changed` or `removed`."""
    if draft is None:
        return {}
    there = {vip["name"] for vip in status["vips"]}
    found = {}
    for change in draft.changes:
        removed = type(change.edits[0]).__name__ == "RemoveVip"
        found[change.vip] = "removed" if removed else "changed" if change.vip in there else "new"
    return found


def _matches(vip: Mapping[str, Any], asked: str) -> bool:
    if not asked:
        return True
    texts = [vip["name"], where(vip), vip["state"], vip["scheduler"], vip["forwarding"]]
    texts += [vip["holder"] or "", *(member["node"] for member in vip["realservers"])]
    return any(asked in text for text in texts)
