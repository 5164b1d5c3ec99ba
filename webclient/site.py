"""What the views share: the settings, who is logged in, and the request's own session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, g, request, url_for
from werkzeug.wrappers import Response

from webclient.feed import Feed, Told
from webclient.reachability import Reachability
from webclient.security import LIVE_HEADER, LoginTokens
from webclient.sessions import Note, Session, Sessions
from webclient.settings import Settings
from webclient.snapshots import Snapshots

_KEY = "lvsm"
LOGINS_AT_ONCE = 2
"""Each costs 600,000 iterations of PBKDF2, and those who are logged in want to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One web client."""

    settings: Settings
    sessions: Sessions
    reachability: Reachability
    feeds: Mapping[str, Feed]
    snapshots: Mapping[str, Snapshots]
    tokens: LoginTokens = field(default_factory=LoginTokens)
    logins: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(LOGINS_AT_ONCE))


def make_site(settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> Site:
    """A site to which nobody is logged in."""
    return Site(
        settings=settings,
        sessions=Sessions(settings.sessions, monotonic),
        reachability=Reachability(monotonic),
        snapshots={name: Snapshots(monotonic) for name in settings.cluster},
        feeds={name: Feed(cluster.addresses) for name, cluster in settings.cluster.items()},
    )


def attach(app: Flask, site: Site) -> None:
    """Give the application its site."""
    app.extensions[_KEY] = site


def site() -> Site:
    """The site of the application that answers now."""
    found: Site = current_app.extensions[_KEY]
    return found


def session() -> Session:
    """Who asks; only behind the guard that demands a login."""
    found: Session = g.session
    return found


def session_if_any() -> Session | None:
    """Who asks, None before the login."""
    found: Session | None = g.get("session")
    return found


def status_now() -> dict[str, Any]:
    """The state of the cluster of whoever asks: as it is now, or for a page by itself, lately."""
    me = session()
    return site().snapshots[me.cluster].status(me.nodes, shared=is_live())


def told(count: int) -> list[Told]:
    """The last events of the cluster of whoever asks."""
    return site().feeds[session().cluster].newest(count)


def is_live() -> bool:
    """Whether a page looks by itself."""
    return LIVE_HEADER in request.headers


def done(text: str, command: str | None = None, undo: str | None = None) -> None:
    """Tell on the next page that something was done."""
    session().note(Note(level="done", text=text, command=command, undo=undo))


def failed(text: str) -> None:
    """Tell on the next page that something was not done."""
    session().note(Note(level="error", text=text))


def go(endpoint: str, **values: Any) -> Response:
    """Have the browser fetch another page of ours; never an address from a form."""
    return Response(status=303, headers={"Location": url_for(endpoint, **values)})
