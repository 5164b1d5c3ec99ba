"""Who may do what now: the users, their sessions, and one change of them at a time.

Law: a change is made from the users as they are, and durable before anybody is told. Whether
somebody who has logged in may go on is asked here for each request, and for each connection within
the server's sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeAlias

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.messages import BadRequestError
from lvsm.core.principal import Principal
from lvsm.core.session_credentials import (
    NONCE_BYTES,
    Credential,
    SessionId,
    SessionKeys,
)
from lvsm.core.shared_users import merged, shared
from lvsm.core.standing import standing
from lvsm.core.users import LAST_MOMENT, NONCE_PATTERN, Users, UsersError, end_sessions
from lvsm.daemon.ports import Clock, UserStore

Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MOMENT)]
Nonce = Annotated[str, msgspec.Meta(pattern=NONCE_PATTERN)]


log = logging.getLogger(__name__)

Agree: TypeAlias = Callable[[Callable[[Users], Users], str, str], Awaitable[bool]]
"""Takes a change, its author and a comment; False when nothing is agreed upon yet."""


class NoClusterKeyError(LvsmError):
    """The nodes share no key, so nothing can be derived from it."""

    code = "no-cluster-key"


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's sessions that ended before their time, as nodes tell each other."""

    user: str
    floor: Moment
    ended: dict[Nonce, Moment]


class Accounts:
    """One node's; used in one event loop."""

    def __init__(
        self,
        *,
        store: UserStore,
        key: bytes | None,
        clock: Clock,
        random: Callable[[int], bytes],
        agree: Agree | None = None,
    ) -> None:
        """`key` is the cluster's, None if it has none; `random` gives so many bytes.

        `agree` has the nodes agree upon changed users (`user_register`); without it, and as long as
        it says that there is nothing agreed yet, they are this node's own.
        """
        self._agree = agree
        self._agreed = ""
        self.taken = asyncio.Event()
        self._merged: tuple[str, Users, Users] | None = None
        self._store = store
        self._keys = None if key is None else SessionKeys(key)
        self._clock = clock
        self._random = random
        self._turn = asyncio.Lock()

    @property
    def users(self) -> Users:
        """The users as they are now."""
        own = self._store.read()
        if not self._agreed:
            return own
        known = self._merged
        if known is None or known[0] is not self._agreed or known[1] is not own:
            known = self._merged = self._agreed, own, merged(self._agreed, own)
        return known[2]

    def seed(self) -> str:
        """The document with which the nodes' agreement begins."""
        return shared(self.users)

    def take(self, agreed: str) -> None:
        """Use what the nodes have agreed upon; what cannot be read is passed over."""
        if agreed == self._agreed:
            return
        try:
            merged(agreed, self._store.read()) if agreed else None
        except UsersError as error:
            log.error("the users that the nodes agreed upon cannot be used: %s", error.code)  # noqa: TRY400  no traceback: it may show the text
            return
        self._agreed = agreed
        if agreed:
            self.taken.set()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now()

    def standing(self, principal: Principal) -> Principal:
        """The principal with its present role; raises SessionEndedError."""
        return standing(principal, self.users, self._keys, self._clock.now())

    async def change(self, change: Callable[[Users], Users], *, author: str, comment: str) -> Users:
        """Change the users on every node; raises what `change` and a Save raise, and OSError."""
        if self._agree is None or not await self._agree(change, author, comment):
            return await self._change_own(change)
        return self.users

    async def _change_own(self, change: Callable[[Users], Users]) -> Users:
        async with self._turn:
            before = self.users
            after = change(before)
            if after is not before:
                await self._store.replace(after)
        return after

    def begin(self, name: str, seconds: int) -> Credential:
        """A session credential for a user; raises LvsmError."""
        return self._sealed().make(
            name,
            self.users.named(name),
            seconds=seconds,
            nonce=self._random(NONCE_BYTES),
            now=self._clock.now(),
        )

    def session(self, text: str) -> SessionId:
        """The id of a session of this cluster; raises LvsmError."""
        found = self._sealed().read(text, self.users)
        if found is None:
            raise LvsmError("there is no such session", code="unknown-session")
        return found

    async def end(self, session: SessionId) -> None:
        """End a session before its time; raises OSError."""
        await self.end_all([Ended(session.user, 0, {session.nonce: session.until})])

    async def end_all(self, ended: Sequence[Ended]) -> None:
        """End sessions that ended on this node or another; raises OSError."""
        now = self._clock.now()

        def change(users: Users) -> Users:
            for one in ended:
                users = end_sessions(users, one.user, one.ended, now, one.floor)
            return users

        await self._change_own(change)

    def ended(self) -> bytes:
        """The sessions that ended before their time, for the other nodes; `[]` for none."""
        now = self._clock.now()
        return msgspec.json.encode(
            [
                Ended(name, user.floor, kept)
                for name, user in sorted(self.users.by_name.items())
                if (kept := {nonce: end for nonce, end in user.ended.items() if end > now})
            ]
        )

    def _sealed(self) -> SessionKeys:
        if self._keys is None:
            raise NoClusterKeyError(
                "the nodes share no key, so there are no sessions: choose sha1 in authkeys, or give"
                " cluster_key in plvsd.conf"
            )
        return self._keys


def ended_sessions(data: bytes) -> list[Ended]:
    """What another node's `Accounts.ended` gave; raises BadRequestError."""
    try:
        return msgspec.json.decode(data, type=list[Ended])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadRequestError("these are no ended sessions") from None
