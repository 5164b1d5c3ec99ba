"""Users that are kept in memory, on a disk that may refuse."""

from __future__ import annotations

import asyncio

from lvsm.core.users import Users


class FakeUserStore:
    """Satisfies `daemon.ports.UserStore`."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.written = 0
        self.trouble: OSError | None = None

    def read(self) -> Users:
        return self.users

    async def replace(self, users: Users) -> None:
        if self.trouble is not None:
            raise self.trouble
        await asyncio.sleep(0)  # a disk takes its time: others have their turn meanwhile
        self.users = users
        self.written += 1
