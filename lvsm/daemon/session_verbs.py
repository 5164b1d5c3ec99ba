"""The verbs of session credentials: SESSION NEW and SESSION END, and PEER SESSIONS of other nodes.

A credential stands for a password for a while (`core.session_credentials`): it is for programs
that log in again and again for somebody, as the web client does, and must not keep a password.
Making one changes nothing that is kept, so it is no change for the audit log: people can still look
when its disk is full.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.moments import iso
from lvsm.core.principal import SESSION_PREFIX
from lvsm.core.roles import Right
from lvsm.core.session_actions import Request
from lvsm.core.session_credentials import DEFAULT_SECONDS, SessionId
from lvsm.daemon.accounts import Accounts, ended_sessions
from lvsm.daemon.handlers import ForbiddenError
from lvsm.daemon.requests import (
    Verb,
    Verbs,
    admins,
    literal,
    nodes,
    number,
    only_options,
    readers,
    words,
)

log = logging.getLogger(__name__)


class SessionVerbs:
    """Makes and ends session credentials."""

    def __init__(self, accounts: Accounts, publish: Callable[[], None]) -> None:
        """`publish` has the other nodes hear of ended sessions now."""
        self._accounts = accounts
        self._publish = publish

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "SESSION NEW": Verb(
                self.new,
                readers,
                "a credential that stands for the password a while: SESSION NEW seconds=1800",
            ),
            "SESSION END": Verb(
                self.end,
                readers,
                "end this session, or another: SESSION END [id]",
                changes=True,
            ),
            "PEER SESSIONS": Verb(self.peer_sessions, nodes, "sessions that ended on a node"),
        }

    async def new(self, request: Request, reply: Reply) -> str:
        """A credential for whoever logged in by a password; their `role` stands beside it."""
        words(request, 0)
        only_options(request, "seconds")
        who = request.principal
        if not who.is_user:
            raise ForbiddenError("a session is for users who logged in by TLS and a password")
        if who.session:
            raise ForbiddenError("a session begins no other: log in by the password")
        seconds = number(request, "seconds")
        made = self._accounts.begin(who.name, DEFAULT_SECONDS if seconds is None else seconds)
        log.info("session of %s until %s, for %s", who.name, iso(made.id.until), request.origin)
        reply.item(
            {
                "id": str(made.id),
                "secret": made.secret,
                "expires": iso(made.id.until),
                "user": who.name,
                "role": who.role.value if who.role is not None else None,
            }
        )
        return f"log in as {SESSION_PREFIX}ID with the secret as the password"

    async def end(self, request: Request, reply: Reply) -> str:
        """End a session: that of this connection, one's own other ones, or as admin any."""
        only_options(request)
        session = self._whose(request)
        await self._accounts.end(session)
        self._publish()
        return f"the session of {session.user} has ended"

    async def peer_sessions(self, request: Request, reply: Reply) -> str:
        """Sessions that ended on another node."""
        await self._accounts.end_all(ended_sessions(literal(request)))
        return "noted"

    def _whose(self, request: Request) -> SessionId:
        who = request.principal
        if not request.args and not who.session:
            raise BadRequestError("this connection has no session: name one, SESSION END id")
        text = words(request, 1)[0] if request.args else who.session
        session = self._accounts.session(text.removeprefix(SESSION_PREFIX))
        own = who.is_user and who.name == session.user
        if not own and Right.ADMINISTER not in who.rights:
            raise ForbiddenError(f"{who.name} may end no other's session: it is for {admins}")
        return session
