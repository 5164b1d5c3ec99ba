"""Who is at the other end of a connection, and what they may do.

Law: what a principal may do follows from its `kind` and `role` alone (`core.roles`). A user's role
is not known at the login: `core.standing` looks it up for each request, so that it can change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lvsm.core.roles import NEEDS, OF_ACCOUNT, OF_NODE, OF_ROLE, OF_ROOT, Right, Role
from lvsm.core.scram_keys import KEY_ITERATIONS, PASSWORD_ITERATIONS, Verifier

Kind = Literal["admin", "user", "node", "local"]

ADMIN = "admin"
NODE_PREFIX = "node:"
SESSION_PREFIX = "session:"
ROOT_UID = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who has proved who they are.

    `kind`: `admin` and `user` gave a password, `node` the cluster's key, and for `local` the kernel
    vouches, with the `uid` of the process at the other end of the unix socket, and `name` is the
    account's. `session` is the id of the session credential that stood for the password, and
    `proved` the verifier that the login was held against.
    """

    name: str
    kind: Kind
    uid: int | None = None
    role: Role | None = None
    session: str = ""
    proved: Verifier | None = field(default=None, repr=False)

    @property
    def rights(self) -> frozenset[Right]:
        """All that it may do."""
        if self.kind == "node":
            return OF_NODE
        if self.kind == "local":
            return OF_ROOT if self.uid == ROOT_UID else OF_ACCOUNT.get(self.name, frozenset())
        return OF_ROLE[self.role] if self.role is not None else frozenset()

    @property
    def is_user(self) -> bool:
        """Whether it is somebody of the user table, who logged in over TLS."""
        return self.kind in ("admin", "user")


@dataclass(frozen=True, slots=True)
class Need:
    """Whom a verb is for: a predicate that can say what it wants."""

    right: Right

    def __call__(self, principal: Principal) -> bool:
        """Whether `principal` may."""
        return self.right in principal.rights

    def __str__(self) -> str:
        return NEEDS[self.right]


def principal_of(user: str, proved: Verifier | None = None) -> Principal:
    """The principal of a name that was proved by SCRAM, and what it was held against."""
    if user.startswith(NODE_PREFIX):
        return Principal(name=user.removeprefix(NODE_PREFIX), kind="node")
    session = user.removeprefix(SESSION_PREFIX) if user.startswith(SESSION_PREFIX) else ""
    name = session.partition(":")[0] if session else user
    kind: Kind = "admin" if name == ADMIN else "user"
    return Principal(name=name, kind=kind, session=session, proved=proved)


def local_principal(uid: int, name: str | None = None) -> Principal:
    """The principal of a process of this machine; `name` as the user database has it."""
    role = Role.ADMIN if uid == ROOT_UID else None
    return Principal(name=name or f"uid:{uid}", kind="local", uid=uid, role=role)


def iterations_for(user: str) -> int:
    """The iterations of a login as `user`: few for nodes and sessions, whose secret is a key.

    A client demands as many of a server, which shows the same for names that do not exist.
    """
    is_key = user.startswith((NODE_PREFIX, SESSION_PREFIX))
    return KEY_ITERATIONS if is_key else PASSWORD_ITERATIONS
