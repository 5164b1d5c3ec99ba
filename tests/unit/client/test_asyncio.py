"""What only the asyncio variant can do: several tasks, and being cancelled."""

from __future__ import annotations

import asyncio

from lvsm.client import aio
from tests.unit.adapters.protocol_node import until
from tests.unit.client.nodes import Node
from tests.unit.client.variants import QUICK


async def test_requests_of_several_tasks_do_not_mix(node: Node) -> None:
    async with await aio.connect(node.tcp, **QUICK) as client, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(client.request("CONFIG CHECK", literal=bytes(size)))
            for size in range(20)
        ]
    lengths = [task.result().items[0]["length"] for task in tasks]
    assert lengths == list(range(20))
    assert len({request.origin for request in node.requests}) == 1


async def test_a_request_that_is_cancelled_does_not_answer_the_next(node: Node) -> None:
    async with await aio.connect(node.tcp, **QUICK) as client:
        hanging = asyncio.ensure_future(client.request("HANG"))  # noqa: TID251  it is cancelled
        await until(lambda: node.requests)
        hanging.cancel()
        await asyncio.wait([hanging])
        assert hanging.cancelled()
        assert (await client.request("STATUS")).items[0]["node"] == "dir1"


async def test_waiting_for_an_event_may_be_cancelled_and_none_is_lost(node: Node) -> None:
    async with await aio.connect(node.tcp, **QUICK) as client, client.watch("status") as events:
        numbers: list[int] = []
        while len(numbers) < 3:
            waiting = asyncio.ensure_future(events.next())  # noqa: TID251  it is cancelled
            await asyncio.wait([waiting], timeout=0.001)
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait([waiting])
            if not waiting.cancelled() and (event := waiting.result()) is not None:
                numbers.append(event.fields["number"])
        assert numbers == [0, 1, 2]


async def test_a_login_does_not_hold_up_the_loop(node: Node) -> None:
    loop = asyncio.get_running_loop()
    gaps: list[float] = []

    async def beat() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.001)
            gaps.append(loop.time() - before)

    beating = asyncio.ensure_future(beat())  # noqa: TID251  the test ends it
    async with await aio.connect(node.tcp, user="admin", password="pencil"):
        beating.cancel()
    assert len(gaps) >= 12  # in the loop, PBKDF2 leaves it two turns
