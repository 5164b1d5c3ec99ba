"""The overview: is everything well, and if not, what is not."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from webclient.site import status_now, told
from webclient.words import urgency

bp = Blueprint("overview", __name__)
MOST_VIPS = 24
MOST_MEMBERS = 12
MOST_EVENTS = 8
MOST_NODES = 12


@bp.get("/")
def page() -> str:
    """The sentence, the picture, the nodes."""
    status = status_now()
    vips = sorted(status["vips"], key=lambda vip: urgency(vip["state"]))
    return render_template(
        "overview.html",
        status=status,
        told=told(MOST_EVENTS),
        vips=[_shown(vip) for vip in vips[:MOST_VIPS]],
        hidden=max(0, len(vips) - MOST_VIPS),
        nodes=sorted(status["nodes"], key=lambda node: urgency(node["state"]))[:MOST_NODES],
        states={node["name"]: node["state"] for node in status["nodes"]},
    )


def _shown(vip: dict[str, Any]) -> dict[str, Any]:
    """A virtual service with as many of its realservers as the picture has room for."""
    members = sorted(vip["realservers"], key=lambda member: urgency(member["state"]))
    shown = members[:MOST_MEMBERS] if len(members) > MOST_MEMBERS else vip["realservers"]
    return {**vip, "shown": shown, "more": len(members) - len(shown)}
