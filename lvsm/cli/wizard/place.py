"""Where the three files are read and written: this machine's root, or a folder that stands for one.

Law: a file is read and written only where it is a plain one. Without root's rights owners are
neither read nor set, and this is said.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lvsm.adapters import file_set
from lvsm.adapters.file_set import Write
from lvsm.adapters.this_machine import Accounts, make_user
from lvsm.core.errors import LvsmError
from lvsm.core.wizard.files import PATHS, ROOT, Change, Existing

BACKUPS = "/var/backups/lvsm"
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`root` is None for this machine itself."""

    root: Path | None
    accounts: Accounts

    def path(self, name: str) -> Path:
        """Where a file of the machine's is."""
        return Path(name) if self.root is None else self.root / name.lstrip("/")

    @property
    def backups(self) -> Path:
        """The folder with what was there before each run."""
        return self.path(BACKUPS)

    @property
    def owners(self) -> bool:
        """Whether owners can be set."""
        return os.geteuid() == 0

    def read(self, group: str) -> dict[str, Existing]:
        """The files that there are; `group` is taken as plvsd.conf's where owners do not count.

        Raises OSError, LvsmError for what is no plain file.
        """
        found = {}
        for name in PATHS:
            path = self.path(name)
            try:
                status = path.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST:
                raise LvsmError(
                    f"{path} is no plain file of a size that can be right: move it away"
                )
            found[name] = Existing(
                text=_text(path),
                mode=stat.S_IMODE(status.st_mode),
                owner=self.accounts.user_name(status.st_uid) if self.owners else ROOT,
                group=self.accounts.group_name(status.st_gid) if self.owners else group,
            )
        return found

    def group(self, user: str | int) -> str:
        """The name of plvsd's group: its user's; that of a user to be made has the same name.

        Below another root, where nobody is made, a file of a user not known there is root's.
        """
        known = self.accounts.group_of(user)
        if known:
            return known[2]
        return str(user) if self.root is None else ROOT

    def lacks(self, user: str | int) -> bool:
        """Whether the user has to be made, which is done on this machine alone."""
        return self.root is None and self.accounts.group_of(user) is None

    def write(self, changes: Sequence[Change], user: str | int) -> Path:
        """Make the user if it is missing, and write the files; the folder with the old ones.

        Raises OSError, LvsmError; then no file has changed.
        """
        if self.lacks(user):
            make_user(str(user))
        known = self.accounts.group_of(user)
        gid = known[1] if known else 0
        writes = [
            Write(
                path=self.path(change.path),
                data=change.after.encode(),
                mode=change.mode,
                owner=(0, 0 if change.group == ROOT else gid) if self.owners else None,
            )
            for change in changes
        ]
        return file_set.replace_all(writes, self.backups)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LvsmError(f"{path} is not UTF-8 text: move it away, or mend it") from None
