"""The verbs of the users: USER LIST, ADD, SET and REMOVE, and PASSWD.

Law: no password comes here. A client makes the verifier and sends it as a literal, which no log and
no answer repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lvsm.core import users as user_table
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.names import did_you_mean
from lvsm.core.principal import Principal
from lvsm.core.roles import Right, Role
from lvsm.core.session_actions import Request
from lvsm.core.users import User, Users, password_verifier
from lvsm.daemon.accounts import Accounts
from lvsm.daemon.handlers import ForbiddenError
from lvsm.daemon.requests import (
    Verb,
    Verbs,
    admins,
    literal,
    only_options,
    option,
    readers,
    switch,
    words,
)

DRY_RUN = "dry-run"


class UserVerbs:
    """Shows and changes the users."""

    def __init__(self, accounts: Accounts) -> None:
        """Nothing is kept here."""
        self._accounts = accounts

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "USER LIST": Verb(self.list, admins, "the users and their roles"),
            "USER ADD": Verb(
                self.add,
                admins,
                "a new user: USER ADD name role=R bytes=N, then a SCRAM-SHA-256 verifier",
                changes=True,
            ),
            "USER SET": Verb(self.set, admins, "another role: USER SET name role=R", changes=True),
            "USER REMOVE": Verb(
                self.remove, admins, "one user less: USER REMOVE name", changes=True
            ),
            "PASSWD": Verb(
                self.passwd,
                readers,
                "another password, one's own or as admin any: PASSWD [name] bytes=N, then a"
                " SCRAM-SHA-256 verifier",
                changes=True,
            ),
        }

    async def list(self, request: Request, reply: Reply) -> str:
        """All users, by name."""
        words(request, 0)
        only_options(request)
        users = self._accounts.users.by_name
        for name, user in sorted(users.items()):
            reply.item(_document(name, user))
        return f"{len(users)} listed"

    async def add(self, request: Request, reply: Reply) -> str:
        """A user more."""
        (name,) = words(request, 1)
        only_options(request, "role", DRY_RUN)
        verifier, role = password_verifier(literal(request)), _role(request)
        change = partial(
            user_table.add, name=name, role=role, verifier=verifier, now=self._accounts.now()
        )
        return await self._change(request, reply, name, change, "added")

    async def set(self, request: Request, reply: Reply) -> str:
        """Another role."""
        (name,) = words(request, 1)
        only_options(request, "role", DRY_RUN)
        change = partial(user_table.set_role, name=name, role=_role(request))
        return await self._change(request, reply, name, change, "changed")

    async def remove(self, request: Request, reply: Reply) -> str:
        """A user less; its connections and sessions end."""
        (name,) = words(request, 1)
        only_options(request, DRY_RUN)
        change = partial(user_table.remove, name=name)
        return await self._change(request, reply, name, change, "removed")

    async def passwd(self, request: Request, reply: Reply) -> str:
        """Another password; the user's connections and sessions end, this one too."""
        only_options(request, DRY_RUN)
        name = _whose(request)
        verifier = password_verifier(literal(request))
        change = partial(user_table.set_verifier, name=name, verifier=verifier)
        return await self._change(request, reply, name, change, "given another password")

    async def _change(
        self,
        request: Request,
        reply: Reply,
        name: str,
        change: Callable[[Users], Users],
        done: str,
    ) -> str:
        dry_run = switch(request, DRY_RUN)
        before = self._accounts.users
        after = (
            change(before)
            if dry_run
            else await self._accounts.change(
                change, author=request.principal.name, comment=f"user {name} was {done}"
            )
        )
        user = after.by_name.get(name) or before.named(name)
        reply.item({**_document(name, user), "changed": not dry_run})
        return f"{name} {'would be' if dry_run else 'was'} {done}"


def _document(name: str, user: User) -> dict[str, object]:
    return {"name": name, "role": user.role.value, "has_password": user.verifier is not None}


def _role(request: Request) -> Role:
    text = option(request, "role")
    try:
        return Role(text)
    except ValueError:
        raise BadRequestError(
            f"there is no role {text[:40]!r}. {did_you_mean(text, Role)}"
        ) from None


def _whose(request: Request) -> str:
    """Whose password is meant; raises BadRequestError, ForbiddenError."""
    who = request.principal
    if not request.args and who.is_user:
        return who.name
    (name,) = words(request, 1)
    if not _may_change(who, name):
        raise ForbiddenError(f"{who.name} may change no other's password: it is for {admins}")
    return name


def _may_change(who: Principal, name: str) -> bool:
    return Right.ADMINISTER in who.rights or (who.is_user and who.name == name)
