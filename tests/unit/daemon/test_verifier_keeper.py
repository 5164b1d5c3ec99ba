from __future__ import annotations

import asyncio

import pytest

from lvsm.core.errors import LvsmError
from lvsm.core.shared_users import shared
from lvsm.core.users import seeded
from lvsm.daemon.accounts import Accounts
from lvsm.daemon.verifier_keeper import VerifierKeeper
from tests.fakes.clock import FakeClock
from tests.fakes.users import FakeUserStore
from tests.unit.core.test_users import OTHER, VERIFIER


class File:
    def __init__(self) -> None:
        self.has: list[str] = []
        self.refuses = False

    async def write(self, verifier: str) -> None:
        if self.refuses:
            raise LvsmError("no room", code="os-error")
        self.has.append(verifier)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("refuses", [False, True])
async def test_plvsd_conf_follows_what_is_agreed_and_is_tried_again(refuses: bool) -> None:
    accounts = Accounts(
        store=FakeUserStore(seeded(VERIFIER)), key=None, clock=FakeClock(), random=bytes
    )
    file = File()
    keeper = VerifierKeeper(accounts=accounts, write=file.write, written=str(VERIFIER))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keeper.run())
        accounts.take("")
        accounts.take(shared(seeded(VERIFIER)))
        await settled()
        assert file.has == []
        file.refuses = refuses
        accounts.take(shared(seeded(OTHER)))
        await settled()
        assert file.has == ([] if refuses else [str(OTHER)])
        file.refuses = False
        accounts.take(shared(seeded(OTHER)) + "# again\n")
        await settled()
        assert file.has == [str(OTHER)]
        task.cancel()
