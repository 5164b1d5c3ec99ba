"""Who is logged in: sessions in this process's memory, and nowhere else.

Law: a browser holds a random token, this table its hash, beside a session credential of plvsd's and
never a password. A session ends after a time without a click, after a time in all, at logout, and
with this process. A page that looks by itself is no click. The table is bounded.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from webclient.drafts import Draft
from webclient.nodes import Nodes
from webclient.settings import SessionLimits

MOST = 1_000
MOST_OF_USER = 50
MOST_NOTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to tell on the next page: `level` is done, warning or error."""

    level: str
    text: str
    command: str | None = None
    undo: str | None = None


@dataclass(slots=True, kw_only=True)
class Session:
    """One browser that is logged in; times are the store's seconds."""

    cluster: str
    user: str
    role: str | None
    nodes: Nodes
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    begun: float = 0.0
    seen: float = 0.0
    draft: Draft | None = None
    notes: list[Note] = field(default_factory=list)
    posting: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Held by the one request that changes something, so that no change of a draft gets lost."""

    def note(self, note: Note) -> None:
        """Tell that on the next page."""
        self.notes = [*self.notes, note][-MOST_NOTES:]

    def take_notes(self) -> list[Note]:
        """What is to be told now."""
        taken, self.notes = self.notes, []
        return taken

    @property
    def may_operate(self) -> bool:
        """Whether plvsd would let this user drain and weigh, as far as was known at the login."""
        return self.role in ("operator", "admin")

    @property
    def may_administer(self) -> bool:
        """The same, for the configuration and the users."""
        return self.role == "admin"


class Sessions:
    """The table; used from many threads."""

    def __init__(self, limits: SessionLimits, monotonic: Callable[[], float]) -> None:
        """Nobody is logged in."""
        self._limits = limits
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._table: dict[bytes, Session] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._table)

    def begin(self, session: Session) -> str:
        """Take a session in; what the browser is to keep."""
        token = secrets.token_urlsafe(32)
        now = self._monotonic()
        session.begun = session.seen = now
        with self._lock:
            gone = self._expired(now) + self._surplus(session.user)
            ended = [self._table.pop(key) for key in gone]
            self._table[_key(token)] = session
        for other in ended:
            other.nodes.close()
        return token

    def find(self, token: str | None, *, click: bool) -> Session | None:
        """The session of a token, None when it has ended; `click` says that somebody is there."""
        if not token:
            return None
        now, key = self._monotonic(), _key(token)
        with self._lock:
            session = self._table.get(key)
            if session is None:
                return None
            over = self._over(session, now)
            if over:
                del self._table[key]
            elif click:
                session.seen = now
        if over:
            session.nodes.close()
            return None
        return session

    def end(self, token: str) -> None:
        """Forget a session."""
        with self._lock:
            session = self._table.pop(_key(token), None)
        if session is not None:
            session.nodes.close()

    def _over(self, session: Session, now: float) -> bool:
        idle, lasted = now - session.seen, now - session.begun
        return idle >= self._limits.idle or lasted >= self._limits.longest

    def _expired(self, now: float) -> list[bytes]:
        return [key for key, session in self._table.items() if self._over(session, now)]

    def _surplus(self, user: str) -> list[bytes]:
        """The oldest of a user that has too many, or of all when there are too many."""
        own = [key for key, session in self._table.items() if session.user == user]
        if len(own) >= MOST_OF_USER:
            return own[:1]
        return list(self._table)[:1] if len(self._table) >= MOST else []


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
