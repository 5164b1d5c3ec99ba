"""The users in a file of this node's, /var/lib/lvsm/users.toml.

Law: the file is whole, the old or the new one. A file that cannot be read makes nobody an admin who
was none: then only root on this machine gets in, and the file is kept beside the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from lvsm.core.scram_keys import Verifier
from lvsm.core.users import Users, UsersError, parse, render, seeded

log = logging.getLogger(__name__)


class UserFile:
    """Satisfies `daemon.ports.UserStore`; `replace(path, data)` writes a file whole and durably."""

    def __init__(
        self, path: Path, replace: Callable[[Path, bytes], None], *, seed: Verifier | None
    ) -> None:
        """Read the file; if there is none, make it with `seed` as admin's verifier."""
        self._path = path
        self._replace = replace
        self._damaged = False
        self._users = self._load(seed)

    def read(self) -> Users:
        """The users."""
        return self._users

    async def replace(self, users: Users) -> None:
        """Make these the users; raises OSError, and then the old ones stay."""
        await asyncio.to_thread(self._write, users)
        self._users = users

    def _load(self, seed: Verifier | None) -> Users:
        try:
            return parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return self._begin(seed)
        except (OSError, UnicodeDecodeError, UsersError) as error:
            log.error("%s cannot be used, nobody can log in by a password: %s", self._path, error)  # noqa: TRY400  no traceback: it may show the file's text
            self._damaged = True
            return Users()

    def _begin(self, seed: Verifier | None) -> Users:
        users = seeded(seed)
        try:
            self._write(users)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)
        return users

    def _write(self, users: Users) -> None:
        if self._damaged:
            aside = self._path.with_suffix(".damaged")
            aside.unlink(missing_ok=True)
            aside.hardlink_to(self._path)  # it stays until the new one is whole, or another seeds
        self._replace(self._path, render(users).encode())
        self._damaged = False
