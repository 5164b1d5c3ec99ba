"""plvsd.conf's password verifier follows the one that the nodes agreed upon.

Law: what is agreed rules; the file only seeds a node that has nothing else, so a node whose disk
was lost begins with the password of now and not with that of its first day. What cannot be written
is logged, and tried again with the next change.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from lvsm.core.errors import LvsmError
from lvsm.core.principal import ADMIN
from lvsm.daemon.accounts import Accounts

log = logging.getLogger(__name__)


class VerifierKeeper:
    """One node's."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        write: Callable[[str], Awaitable[None]],
        written: str | None,
    ) -> None:
        """`written` is what plvsd.conf has; `write` raises LvsmError."""
        self._accounts = accounts
        self._write = write
        self._written = written

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            await self._accounts.taken.wait()
            self._accounts.taken.clear()
            verifier = self._accounts.users.named(ADMIN).verifier
            if verifier is not None and str(verifier) != self._written:
                await self._follow(str(verifier))

    async def _follow(self, verifier: str) -> None:
        try:
            await self._write(verifier)
        except LvsmError as error:
            if error.code == "privileged-gone":
                raise
            log.warning("plvsd.conf keeps the old password verifier: %s", error)
            return
        self._written = verifier
        log.info("plvsd.conf has the verifier of admin's present password")
