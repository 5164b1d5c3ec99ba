from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from lvsm.core.audit import login_refused
from lvsm.core.errors import LvsmError
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.audit_verbs import AuditVerbs, tell_written
from lvsm.daemon.watchers import MOST_EVENTS, Watchers
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.clock import FakeClock
from tests.unit.adapters.protocol_node import until
from tests.unit.daemon.replies import FakeReply


class Node:
    """An audit log with five records, one a minute."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log = FakeAuditLog()
        self.watchers = Watchers(node="dir1", clock=self.clock)
        self.log.on_written = partial(tell_written, self.watchers)
        self.verbs = AuditVerbs(audit_log=self.log, watchers=self.watchers, clock=self.clock)
        for _ in range(5):
            self.happen()

    def happen(self) -> None:
        self.clock.pass_by(60)
        record = login_refused("eve", "10.0.0.9", node="dir1", at=self.clock.now())
        self.log.append(record)

    async def show(self, **options: str) -> FakeReply:
        reply = FakeReply()
        reply.ok(await self.verbs.show(_request("AUDIT SHOW", options), reply))
        return reply

    @asynccontextmanager
    async def following(self, reply: FakeReply, **options: str) -> AsyncIterator[None]:
        ongoing = await self.verbs.follow(_request("AUDIT FOLLOW", options), reply)
        reply.ok(ongoing.text)
        task = asyncio.ensure_future(ongoing.go_on())  # noqa: TID251  the test ends it
        try:
            await until(lambda: self.watchers.watched("audit"))
            yield
        finally:
            task.cancel()


def _request(verb: str, options: dict[str, str]) -> Request:
    admin = Principal(name="admin", kind="admin")
    return Request(principal=admin, origin="", verb=verb, options=options)


def seqs(found: list[dict[str, object]]) -> list[object]:
    return [record["seq"] for record in found]


async def test_all_is_shown_in_order() -> None:
    reply = await Node().show()
    assert seqs(reply.items) == [1, 2, 3, 4, 5]
    assert reply.items[0]["event"] == "login-refused"
    assert reply.drained


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"since": "150"}, [3, 4, 5]),
        ({"since": "2m"}, [3, 4, 5]),
        ({"since": "2001-09-09T01:51:40Z"}, [5]),
        ({"limit": "2"}, [4, 5]),
        ({"limit": "0"}, []),
        ({"since": "3m", "limit": "1"}, [5]),
    ],
)
async def test_since_and_limit_choose(options: dict[str, str], shown: list[int]) -> None:
    assert seqs((await Node().show(**options)).items) == shown


@pytest.mark.parametrize("options", [{"since": "yesterday"}, {"limit": "-1"}, {"limit": "x"}])
async def test_what_is_no_moment_or_number_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(LvsmError) as refused:
        await Node().show(**options)
    assert refused.value.code == "bad-request"


async def test_without_a_wish_the_newest_hundred_are_shown() -> None:
    node = Node()
    for _ in range(200):
        node.happen()
    assert seqs((await node.show()).items) == list(range(106, 206))


async def test_damage_is_told() -> None:
    node = Node()
    node.log.damaged = 3
    reply = await node.show()
    assert reply.end is not None
    assert "3 lines" in reply.end[1]


async def test_who_follows_gets_each_new_record_once() -> None:
    node, reply = Node(), FakeReply()
    async with node.following(reply, limit="2"):
        for _ in range(5):
            node.happen()
        await until(lambda: len(reply.events) == 5)
    assert seqs(reply.items) == [4, 5]
    assert seqs(reply.events) == [6, 7, 8, 9, 10]
    assert {event["topic"] for event in reply.events} == {"audit"}
    assert reply.codes() == ["login-refused"] * 5


async def test_what_was_written_before_following_began_is_not_missed() -> None:
    node, reply = Node(), FakeReply()
    ongoing = await node.verbs.follow(_request("AUDIT FOLLOW", {"limit": "0"}), reply)
    node.happen()
    task = asyncio.ensure_future(ongoing.go_on())  # noqa: TID251  the test ends it
    await until(lambda: reply.events)
    node.happen()
    await until(lambda: len(reply.events) == 2)
    task.cancel()
    assert seqs(reply.events) == [6, 7]


async def test_a_slow_follower_misses_nothing() -> None:
    node, reply = Node(), FakeReply()
    async with node.following(reply, limit="0"):
        reply.readable.clear()
        for _ in range(MOST_EVENTS + 50):
            node.happen()
            await asyncio.sleep(0)
        reply.drops = 3
        reply.readable.set()
        node.happen()
        await until(lambda: len(reply.events) == MOST_EVENTS + 51)
    assert seqs(reply.events) == list(range(6, MOST_EVENTS + 57))


async def test_nothing_is_made_of_a_record_that_nobody_follows() -> None:
    node = Node()
    node.happen()
    assert node.watchers.end == 0
