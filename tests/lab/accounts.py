"""The text of /etc/passwd, /etc/group and /etc/shadow in a node. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from tests.lab.provision import User


class Accounts(NamedTuple):
    """Users and groups."""

    passwd: str
    group: str


def add(accounts: Accounts, user: User) -> Accounts:
    """Return the accounts with `user` among them; a user of that name stays as it is."""
    group = accounts.group
    primary = user.group or user.name
    if primary not in _names(group):
        if user.group:
            raise LabError(f"user {user.name}: there is no group {user.group}")
        group += f"{primary}:x:{user.uid}:\n"
    for name in user.groups:
        group = _join(group, name, user.name)
    passwd = accounts.passwd
    if user.name not in _names(passwd):
        gid = next(_fields(line)[2] for line in group.splitlines() if _fields(line)[0] == primary)
        passwd += f"{user.name}:x:{user.uid}:{gid}::{user.home}:{user.shell}\n"
    return Accounts(passwd, group)


def locked_shadow(accounts: Accounts) -> str:
    """Return an /etc/shadow in which nobody has a password."""
    return "".join(f"{name}:*:19000:0:99999:7:::\n" for name in _names(accounts.passwd))


def _join(text: str, group: str, member: str) -> str:
    """Add a member to a group."""
    if group not in _names(text):
        raise LabError(f"user {member}: there is no group {group}")
    lines = []
    for line in text.splitlines():
        name, password, gid, members = _fields(line)[:4]
        if name == group:
            named = [m for m in members.split(",") if m and m != member]
            line = ":".join((name, password, gid, ",".join([*named, member])))  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines) + "\n"


def _names(text: str) -> list[str]:
    return [_fields(line)[0] for line in text.splitlines() if ":" in line]


def _fields(line: str) -> list[str]:
    return (line + ":::").split(":")
