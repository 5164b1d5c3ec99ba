"""The application: a factory that puts the blueprints together, and the guard before them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from flask import Flask, g, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as AnyResponse

from lvsm.client import (
    LoginRefusedError,
    LvsmError,
    NotTheServerError,
    OutcomeUnknownError,
    RefusedError,
    UnreachableError,
)
from webclient import security, words
from webclient.site import Site, attach, go, is_live, session_if_any, site
from webclient.views import auth, blueprints

log = logging.getLogger(__name__)

LARGEST_FORM = 512 * 1024
MOST_FIELDS = 4_000
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OVER = frozenset({"session-ended", "login-required", "auth-failed"})
"""Codes by which plvsd says that a session credential is worth nothing any more."""


def create_app(made: Site) -> Flask:
    """The web client above one site."""
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=MOST_FIELDS,
        PREFERRED_URL_SCHEME="https",
    )
    app.url_map.merge_slashes = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    attach(app, made)
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    app.before_request(_guard)
    app.after_request(_finish)
    app.teardown_request(_leave)
    app.context_processor(_shared)
    for name in ("mark", "tone", "duration", "ago", "clock", "number", "size", "where", "ports"):
        app.add_template_filter(getattr(words, name), name)
    app.register_error_handler(LvsmError, _lvsm_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _own_mistake)
    _mount(app, made.settings.prefix)
    return app


def _mount(app: Flask, prefix: str) -> None:
    """Serve everything below a prefix, and nothing beside it but the way there."""
    if prefix:
        inner = app.wsgi_app
        outside = AnyResponse(status=303, headers={"Location": f"{prefix}/"})
        elsewhere = AnyResponse("nothing is here\n", status=404, mimetype="text/plain")

        def beside(environ, start_response):  # type: ignore[no-untyped-def]  # WSGI's own
            root = environ.get("PATH_INFO", "") in ("", "/")
            return (outside if root else elsewhere)(environ, start_response)

        app.wsgi_app = DispatcherMiddleware(beside, {prefix: inner})  # type: ignore[method-assign]


def _guard() -> AnyResponse | None:
    """Who asks, and whether they may: nothing but the login's page is for strangers."""
    if request.endpoint == "static":
        return None
    shared = site()
    changes = request.method in CHANGES
    if changes:
        security.demand_own_origin(request, shared.settings.origins)
    token = request.cookies.get(security.SESSION_COOKIE)
    found = shared.sessions.find(token, click=not is_live())
    if found is not None:
        g.session = found
        if changes:
            security.demand_token(request, found.csrf)
            found.posting.acquire()
            g.posting = found.posting
        return None
    if request.blueprint == auth.bp.name or request.endpoint is None:
        return None
    return go("auth.login", ended="1") if token else go("auth.login")


def _leave(_error: BaseException | None) -> None:
    posting = g.pop("posting", None)
    if posting is not None:
        posting.release()


def _finish(response):  # type: ignore[no-untyped-def]  # Flask's own
    return security.harden(response, static=request.endpoint == "static")


def _shared() -> dict[str, object]:
    """What every template has."""
    found = session_if_any()
    return {
        "me": found,
        "draft": found.draft if found is not None else None,
        "notes": found.take_notes() if found is not None and not is_live() else [],
        "token_field": security.TOKEN_FIELD,
        "utc_now": lambda: datetime.now(UTC),
    }


def _lvsm_error(error: LvsmError) -> AnyResponse | tuple[str, int]:
    """What a node or the way to it says no to, where the view had no better answer."""
    found = session_if_any()
    if found is not None and (isinstance(error, LoginRefusedError) or error.code in OVER):
        token = request.cookies.get(security.SESSION_COOKIE, "")
        site().sessions.end(token)
        response = go("auth.login", ended="1")
        security.drop_cookie(response, security.SESSION_COOKIE)  # type: ignore[arg-type]
        return response
    return _page(error.code, _title(error), error.message, _status(error))


def _title(error: LvsmError) -> str:
    if isinstance(error, UnreachableError):
        return "No node answers"
    if isinstance(error, OutcomeUnknownError):
        return "Done or not: it is not known"
    if error.code == "forbidden":
        return "You may not do that"
    return "The cluster says no"


def _status(error: LvsmError) -> int:
    if isinstance(error, UnreachableError | OutcomeUnknownError | NotTheServerError):
        return 503
    if error.code == "forbidden":
        return 403
    if error.code.startswith("unknown-"):
        return 404
    return 422 if isinstance(error, RefusedError) else 500


def _http_error(error: HTTPException) -> AnyResponse | tuple[str, int]:
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # werkzeug's sans-io base class
    status = error.code or 500
    return _page(f"http-{status}", error.name, error.description or "", status)


def _own_mistake(error: Exception) -> tuple[str, int]:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    text = "This is a mistake of the web client's own; its log has the details."
    return _page("web-client", "Something went wrong here", text, 500)


def _page(code: str, title: str, text: str, status: int) -> tuple[str, int]:
    return render_template("error.html", code=code, title=title, text=text), status
