"""The nodes: what they are, how they are, and taking them out of duty."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from lvsm.client import RefusedError
from webclient.commands import command
from webclient.site import done, failed, go, session, status_now
from webclient.views.vips import LONGEST_REASON
from webclient.words import urgency

PAGE = 50
MOST_GROUPS = 6
MOST_SHOWN = 50
bp = Blueprint("nodes", __name__, url_prefix="/nodes")


@bp.get("")
def listed() -> str:
    """All of them, those first that need somebody."""
    found = sorted(session().nodes.ask("NODE LIST").items, key=lambda node: urgency(node["state"]))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "nodes.html",
        status=status_now(),
        nodes=found[(page - 1) * PAGE : page * PAGE],
        count=len(found),
        page=page,
        pages=pages,
        most=MOST_GROUPS,
    )


@bp.get("/<name>")
def shown(name: str) -> str:
    """One of them, and what a standby would move."""
    nodes = session().nodes
    node = nodes.one("NODE SHOW", name)
    status = status_now()
    held = [vip for vip in status["vips"] if vip["group"] in node["holds"]]
    serves = [
        (vip, member)
        for vip in status["vips"]
        for member in vip["realservers"]
        if member["node"] == name
    ]
    return render_template(
        "node.html", status=status, node=node, held=held, serves=serves, most=MOST_SHOWN
    )


@bp.post("/<name>")
def act(name: str) -> Response:
    """Standby or online."""
    action = request.form.get("action", "")
    if action not in ("standby", "online"):
        abort(400, "there is no such action")
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON] or None
    force = "yes" if action == "standby" and request.form.get("force") else None
    options = {"reason": reason, "force": force} if force else {"reason": reason}
    typed = command("node", action, name, reason=reason) + (" --force" if force else "")
    try:
        answer = session().nodes.one(f"NODE {action.upper()}", name, options=options)
    except RefusedError as error:
        if error.code == "forbidden":
            raise
        failed(error.message)
    else:
        moves = "; ".join(f"{one['group']} moves to {one['to']}" for one in answer["moves"])
        text = f"{answer['subject']}: {answer['value']}"
        done(f"{text}. {moves}" if moves else text, command=typed, undo=answer.get("undo"))
    return go("nodes.shown", name=name)
