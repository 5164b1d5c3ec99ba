"""The worker's end and the privileged half, over a real socketpair."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from lvsm.adapters.privileged_link import PrivilegedLink, open_link
from lvsm.core.operations import SetSysctl
from lvsm.core.verbs import Read, Same, State
from lvsm.privileged.serve import serve
from tests.contract.bench import Bench, fake

ARP = "net.ipv4.conf.all.arp_ignore"


@asynccontextmanager
async def linked(bench: Bench) -> AsyncIterator[PrivilegedLink]:
    mine, theirs = socket.socketpair()
    thread = threading.Thread(target=serve, args=(theirs, bench.performer.answer))
    thread.start()
    try:
        async with aclosing(await open_link(mine)) as link:
            yield link
    finally:
        thread.join(10)
        theirs.close()


async def test_while_nothing_changes_the_kernels_state_is_one_object(tmp_path: Path) -> None:
    bench = fake(tmp_path)
    async with linked(bench) as link:
        first = await link.read()
        assert await link.read() is first
        assert await link.apply([SetSysctl(name=ARP, value=1)]) == ()
        second = await link.read()
        assert second.sysctls[ARP] == 1
        assert await link.read() is second
        asked = await link.read(("198.51.100.1",))
        assert asked.ways_out == {"198.51.100.1": ""}
        again = await link.read()
        assert again == second


def test_a_state_is_sent_anew_whenever_it_is_another_one(tmp_path: Path) -> None:
    performer = fake(tmp_path).performer
    first = performer.answer(Read())
    assert isinstance(first, State)
    assert performer.answer(Read(unless=first.mark)) == Same()
    assert performer.answer(Read()) == first
    assert performer.answer(Read(unless=first.mark + 1)) == first
    changed = performer.answer(Read(ways_out_from=("198.51.100.1",), unless=first.mark))
    assert isinstance(changed, State)
    assert changed.mark != first.mark
