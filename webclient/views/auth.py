"""Log in and log out."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from lvsm.client import LoginRefusedError, LvsmError, UnreachableError
from webclient import security
from webclient.nodes import log_in, log_out
from webclient.sessions import Session
from webclient.site import go, session_if_any, site

bp = Blueprint("auth", __name__)
LONGEST_NAME = 63
LONGEST_PASSWORD = 1_000


@bp.get("/login")
def login() -> Response:
    """The form."""
    if session_if_any() is not None:
        return go("overview.page")
    return _form(ended="ended" in request.args)


@bp.post("/login")
def log_in_now() -> Response:
    """Log in by SCRAM, and keep a session credential."""
    shared = site()
    cookie = request.cookies.get(security.FORM_COOKIE, "")
    security.demand_token(request, shared.tokens.token(cookie))
    name = request.form.get("cluster") or next(iter(shared.settings.cluster))
    user = request.form.get("user", "").strip()
    password = request.form.get("password", "")
    cluster = shared.settings.cluster.get(name)
    if cluster is None:
        return _form(problem="There is no such cluster.", status=422)
    if not (0 < len(user) <= LONGEST_NAME and 0 < len(password) <= LONGEST_PASSWORD):
        return _form(problem="Type the user's name and the password.", status=422)
    try:
        with shared.logins:
            nodes, made = log_in(
                cluster.addresses, user, password, shared.settings.sessions.longest
            )
    except LvsmError as error:
        return _form(problem=_why_not(error), status=_status(error))
    begun = Session(cluster=name, user=user, role=made.get("role"), nodes=nodes)
    token = shared.sessions.begin(begun)
    shared.feeds[name].listen(f"session:{made['id']}", made["secret"])
    response = make_response(go("overview.page"))
    security.drop_cookie(response, security.FORM_COOKIE)
    security.set_cookie(response, security.SESSION_COOKIE, token)
    return response


@bp.post("/logout")
def logout() -> Response:
    """End the session here and on all nodes."""
    shared, found = site(), session_if_any()
    heard = True
    if found is not None:
        heard = log_out(found.nodes)
        shared.sessions.end(request.cookies.get(security.SESSION_COOKIE, ""))
    response = make_response(_form(out=True, unheard=not heard))
    security.drop_cookie(response, security.SESSION_COOKIE)
    return response


def _form(*, status: int = 200, **told: object) -> Response:
    shared = site()
    cookie = request.cookies.get(security.FORM_COOKIE) or shared.tokens.cookie()
    clusters = {
        name: shared.reachability.of(name, cluster.addresses)
        for name, cluster in shared.settings.cluster.items()
    }
    page = render_template(
        "login.html",
        clusters=clusters,
        chosen=request.form.get("cluster", ""),
        user=request.form.get("user", "")[:LONGEST_NAME],
        form_token=shared.tokens.token(cookie),
        me=None,
        draft=None,
        notes=[],
        **told,
    )
    response = make_response(page, status)
    security.set_cookie(response, security.FORM_COOKIE, cookie)
    return response


def _why_not(error: LvsmError) -> str:
    if isinstance(error, LoginRefusedError):
        return "The user or the password is wrong."
    if isinstance(error, UnreachableError):
        return "No node of this cluster answers."
    return error.message


def _status(error: LvsmError) -> int:
    return 503 if isinstance(error, UnreachableError) else 401
