"""What happened, as the nodes tell it, and who changed what, as the audit log has it."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from lvsm.client import NotAllowedError
from webclient.site import session, status_now, told

bp = Blueprint("events", __name__, url_prefix="/events")
MOST = 200
SPANS = {"1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}


@bp.get("")
def listed() -> str:
    """The newest records of the node that answers."""
    nodes = session().nodes
    since = request.args.get("since", "1d")
    since = since if since in SPANS else "1d"
    allowed, records = True, []
    try:
        records = list(nodes.ask("AUDIT SHOW", options={"since": since, "limit": MOST}).items)
    except NotAllowedError as error:
        if error.code != "forbidden":
            raise
        allowed = False
    status = status_now()
    return render_template(
        "events.html",
        status=status,
        told=told(MOST),
        records=records[::-1],
        allowed=allowed,
        spans=SPANS,
        since=since,
        most=MOST,
    )
