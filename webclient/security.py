"""What every request and every answer has to fulfil, before and behind the views.

Laws: a request that changes something comes from a page of ours: its Origin is ours, and it has the
session's token in a field (before the login, one that fits the cookie). An answer runs nothing
that is not a file of ours, is kept by no cache, and is shown in no frame.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from flask import Request, Response, abort

SESSION_COOKIE = "__Host-lvsm"
FORM_COOKIE = "__Host-lvsm-login"
TOKEN_FIELD = "token"  # noqa: S105  the name of a field
LIVE_HEADER = "X-Lvsm-Live"
"""What a page sends when it looks by itself, without a click."""
YEAR = 365 * 24 * 3600

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "Strict-Transport-Security": f"max-age={YEAR}",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def demand_own_origin(request: Request, origins: tuple[str, ...]) -> None:
    """403 for a change that another site's page asks for."""
    origin = request.headers.get("Origin")
    own = {*origins, f"https://{request.host}"} if not origins else set(origins)
    if origin is not None and origin not in own:
        abort(403, "the form was sent from another site's page")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "the form was sent from another site's page")


def demand_token(request: Request, expected: str) -> None:
    """403 for a form without the token that our pages have."""
    given = request.form.get(TOKEN_FIELD, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        abort(403, "the form is not from the page that is open now: open the page again")


class LoginTokens:
    """Tokens for the login's form: nobody is known yet, so nothing is kept of them."""

    def __init__(self) -> None:
        """With a key that ends with this process."""
        self._key = secrets.token_bytes(32)

    def cookie(self) -> str:
        """A new cookie."""
        return secrets.token_urlsafe(24)

    def token(self, cookie: str) -> str:
        """The form's token that fits a cookie."""
        return hmac.new(self._key, cookie.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def harden(response: Response, *, static: bool) -> Response:
    """Give an answer the headers that all answers have."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    if static:
        response.headers["Cache-Control"] = "public, max-age=3600"
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def set_cookie(response: Response, name: str, value: str) -> None:
    """A cookie that only this site's pages send, by TLS, and no script reads."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="Strict")


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Strict")
