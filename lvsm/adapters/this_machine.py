"""What the configurator asks of this machine: its name, interfaces, users and groups."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from lvsm.adapters.addresses import Addresses
from lvsm.core.errors import LvsmError
from lvsm.core.wizard.machine import Machine, Nic

_ROUTES = Path("/proc/net/route")
_ADMIN_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_SECONDS = 30


class AccountError(LvsmError):
    """The user cannot be made; nothing was written."""

    code = "account"


def look(*, elsewhere: bool) -> Machine:
    """This machine; `elsewhere` if the files are for another one. Raises OSError."""
    addresses = Addresses()
    default = _default_routes()
    nics = tuple(
        Nic(
            name=entry.name,
            addresses=entry.addresses,
            carrier=entry.carrier,
            default_route=entry.name in default,
        )
        for entry in addresses.read_interfaces()
    )
    return Machine(node=os.uname().nodename.lower(), nics=nics, elsewhere=elsewhere)


def _default_routes() -> set[str]:
    try:
        lines = _ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return set()
    words = (line.split() for line in lines)
    return {name for name, destination, *_ in words if destination == "00000000"}


class Accounts:
    """The users and groups of this machine, or those in the files of another's root."""

    def __init__(self, root: Path | None) -> None:
        """`root` is the folder below which the other machine's files are."""
        self._root = root

    def group_of(self, user: str | int) -> tuple[int, int, str] | None:
        """A user's uid, its group's gid and name; None for no such user."""
        for name, uid, gid in self._users():
            if user in (name, uid):
                return uid, gid, self.group_name(gid)
        return None

    def group_name(self, gid: int) -> str:
        """A group's name, or its number where it has none."""
        if gid == 0:
            return "root"
        for name, number in self._groups():
            if number == gid:
                return name
        return str(gid)

    def user_name(self, uid: int) -> str:
        """A user's name, or its number where it has none."""
        if uid == 0:
            return "root"
        return next((name for name, number, _ in self._users() if number == uid), str(uid))

    def _users(self) -> list[tuple[str, int, int]]:
        if self._root is None:
            return [(user.pw_name, user.pw_uid, user.pw_gid) for user in pwd.getpwall()]
        fields = _lines(self._root / "etc/passwd")
        return [(f[0], int(f[2]), int(f[3])) for f in fields if len(f) > 3 and _numbers(*f[2:4])]

    def _groups(self) -> list[tuple[str, int]]:
        if self._root is None:
            return [(group.gr_name, group.gr_gid) for group in grp.getgrall()]
        fields = _lines(self._root / "etc/group")
        return [(f[0], int(f[2])) for f in fields if len(f) > 2 and _numbers(f[2])]


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.split(":") for line in text.splitlines()]


def _numbers(*texts: str) -> bool:
    return all(text.isascii() and text.isdecimal() for text in texts)


def make_user(name: str) -> None:
    """Make a system user with a group of its own, without home and shell. Raises AccountError."""
    program = shutil.which("useradd", path=_ADMIN_PATH)
    if program is None:
        raise AccountError(f"there is no useradd to make the user {name}: make it by hand")
    argv = [program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    argv += ["--shell", "/usr/sbin/nologin", "--comment", "LVSM", "--", name]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise AccountError(f"the user {name} cannot be made: {said[-1] if said else 'no reason'}")
