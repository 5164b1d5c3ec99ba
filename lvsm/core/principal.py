"""Who is at the other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["admin", "user", "node", "local"]

ADMIN = "admin"
NODE_PREFIX = "node:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who has proved who they are.

    `kind`: `admin` and `user` gave a password, `node` the cluster's key, and for `local` the kernel
    vouches, with the `uid` of the process at the other end of the unix socket.
    """

    name: str
    kind: Kind
    uid: int | None = None


def principal_of(user: str) -> Principal:
    """The principal of a name that was proved by SCRAM."""
    if user == ADMIN:
        return Principal(name=user, kind="admin")
    if user.startswith(NODE_PREFIX):
        return Principal(name=user.removeprefix(NODE_PREFIX), kind="node")
    return Principal(name=user, kind="user")


def local_principal(uid: int, name: str | None = None) -> Principal:
    """The principal of a process of this machine; `name` as the user database has it."""
    return Principal(name=name or f"uid:{uid}", kind="local", uid=uid)
