"""Settings: one's own password, and the users."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from lvsm.client import LvsmError
from lvsm.client.passwords import SHORTEST, new_verifier
from webclient.commands import command
from webclient.site import done, failed, go, session, site, status_now

bp = Blueprint("accounts", __name__, url_prefix="/settings")
ROLES = {
    "viewer": "may look",
    "operator": "may also weigh, drain, disable and move",
    "admin": "may do everything",
}


@bp.get("")
def page() -> str:
    """Passwords and users."""
    me = session()
    users = me.nodes.ask("USER LIST").items if me.may_administer else ()
    return render_template(
        "settings.html",
        status=status_now(),
        users=users,
        roles=ROLES,
        shortest=SHORTEST,
        limits=site().settings.sessions,
    )


@bp.post("/password")
def password() -> Response:
    """Another password for oneself, or as admin for somebody; their sessions end."""
    me = session()
    user = request.form.get("user") or me.user
    _try(
        lambda: me.nodes.ask("PASSWD", user, literal=_verifier()),
        f"{user} has another password; their sessions have ended",
        command("passwd", user),
    )
    return go("accounts.page")


@bp.post("/users")
def add() -> Response:
    """A user more."""
    user, role = request.form.get("user", "").strip(), _role()
    _try(
        lambda: session().nodes.ask("USER ADD", user, options={"role": role}, literal=_verifier()),
        f"{user} was added as {role}",
        command("user", "add", user, role=role),
    )
    return go("accounts.page")


@bp.post("/users/<user>")
def change(user: str) -> Response:
    """Another role, or one user less."""
    action = request.form.get("action", "")
    nodes = session().nodes
    if action == "role":
        role = _role()
        _try(
            lambda: nodes.ask("USER SET", user, options={"role": role}),
            f"{user} is {role} now",
            command("user", "set", user, role=role),
        )
    elif action == "remove":
        _try(
            lambda: nodes.ask("USER REMOVE", user),
            f"{user} was removed",
            command("user", "remove", user),
        )
    else:
        abort(400, "there is no such action")
    return go("accounts.page")


def _try(work: Callable[[], object], text: str, typed: str) -> None:
    try:
        work()
    except LvsmError as error:
        if error.code in ("forbidden", "session-ended", "unreachable"):
            raise
        failed(error.message)
    else:
        done(text, command=typed)


def _role() -> str:
    role = request.form.get("role", "")
    if role not in ROLES:
        abort(400, "there is no such role")
    return role


def _verifier() -> bytes:
    first, second = request.form.get("password", ""), request.form.get("again", "")
    if first != second:
        raise LvsmError("the two passwords are not the same: nothing was changed")
    with site().logins:
        return new_verifier(first)
