"""mon's files in /etc/mon, and the mon that runs: for the privileged half.

Law: a file is whole, the old or the new one. A mon.cf that LVSM did not write is kept beside for
good, once; without a check to make, and without a file of ours, nothing is touched.
"""

from __future__ import annotations

import grp
import os
import pwd
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lvsm.adapters import files
from lvsm.core import mon_cf
from lvsm.core.errors import LvsmError
from lvsm.core.verbs import MonService

FOLDER = Path("/etc/mon")
PROC = Path("/proc")
ACCOUNT = "mon"


class NoMonError(LvsmError):
    """mon is not installed here."""

    code = "no-mon"


class MonFiles:
    """Satisfies `privileged.performer.Mon`."""

    def __init__(self, folder: Path = FOLDER, proc: Path = PROC, account: str = ACCOUNT) -> None:
        """Nothing is read yet."""
        self._folder = folder
        self._proc = proc
        self._account = account
        self._before: bytes | None = None

    def write(self, services: Sequence[MonService], hashed: str) -> None:
        """Replace mon's files; raises NoMonError, OSError."""
        path = self._folder / "mon.cf"
        present = path.read_bytes() if path.exists() else b""
        ours = mon_cf.is_ours(present.decode("utf-8", "replace"))
        if not services and not ours:
            return
        gid = self._gid()
        if present and not ours:
            files.replace(self._folder / "mon.cf.before-lvsm", present, mode=0o644)
        users = mon_cf.users(hashed).encode()
        files.replace(self._folder / Path(mon_cf.USER_FILE).name, users, mode=0o640, owner=(0, gid))
        files.replace(self._folder / Path(mon_cf.AUTH_FILE).name, mon_cf.AUTH.encode(), mode=0o644)
        after = mon_cf.render(services).encode()
        if after != present:
            self._before = present
            files.replace(path, after, mode=0o644)

    def restore(self) -> None:
        """Put the mon.cf back that was there before the last change; raises OSError."""
        if self._before:
            files.replace(self._folder / "mon.cf", self._before, mode=0o644)

    def wake(self) -> None:
        """Send SIGHUP to each mon of mon's own account; raises NoMonError when none runs."""
        found = self._running()
        if not found:
            raise NoMonError("mon does not run")
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)

    def _gid(self) -> int:
        if not self._folder.is_dir():
            raise NoMonError(f"mon is not installed: there is no {self._folder}")
        try:
            return grp.getgrnam(self._account).gr_gid
        except KeyError:
            raise NoMonError(f"mon is not installed: there is no group {self._account}") from None

    def _running(self) -> list[int]:
        """The process ids of mon: by name, owner, and a parent that is none of them."""
        try:
            uid = pwd.getpwnam(self._account).pw_uid
        except KeyError:
            return []
        parents = {}
        for entry in self._proc.iterdir():
            if entry.name.isdecimal():
                with suppress(OSError, IndexError, ValueError):
                    if entry.stat().st_uid == uid and _name(entry) == "mon":
                        parents[int(entry.name)] = _parent(entry)
        return [pid for pid, parent in parents.items() if parent not in parents]


def _name(process: Path) -> str:
    return (process / "comm").read_text().strip()


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])
