from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lvsm.core.audit import Change, LoginRefused, MoreRefused, Stand
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.principal import Principal
from lvsm.core.refusals import AT_ONCE
from lvsm.core.session_actions import Request
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.handlers import ForbiddenError, Handlers
from lvsm.daemon.requests import Ongoing, Verb, admins
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.clock import FakeClock
from tests.unit.daemon.replies import FakeReply

ROOT = Principal(name="root", kind="local", uid=0)
NOBODY = Principal(name="uid:1000", kind="local", uid=1000)
Body = Callable[[Request, Reply], Awaitable[str | Ongoing]]


class Node:
    """Handlers with one verb that changes something, and one that does not."""

    def __init__(self) -> None:
        self.log = FakeAuditLog()
        self.clock = FakeClock()
        self.generation = 4
        self.auditor = Auditor(
            node="dir1",
            audit_log=self.log,
            clock=self.clock,
            stand=lambda: Stand(epoch=1, number=self.generation),
        )
        self.body: Body = self.save
        self.handlers = Handlers(
            [
                {
                    "CONFIG SAVE": Verb(self._change, admins, "", changes=True),
                    "STATUS": Verb(self.look, admins, ""),
                }
            ],
            self.auditor,
        )

    async def _change(self, request: Request, reply: Reply) -> str | Ongoing:
        return await self.body(request, reply)

    async def save(self, _request: Request, _reply: Reply) -> str:
        self.generation += 1
        return "saved"

    async def look(self, _request: Request, _reply: Reply) -> str:
        return "seen"

    async def ask(self, verb: str = "CONFIG SAVE", principal: Principal = ROOT) -> FakeReply:
        reply = FakeReply()
        request = Request(
            principal=principal,
            origin="unix:uid=0,pid=7",
            verb=verb,
            options={"comment": "add web"},
            literal=b"text",
        )
        try:
            await self.handlers(request, reply)
        except LvsmError as error:
            reply.error(error.code, error.message)
        return reply

    def change(self) -> Change:
        (record,) = self.log.records
        assert isinstance(record, Change)
        return record


async def test_a_change_is_recorded_with_who_what_and_both_generations() -> None:
    node = Node()
    assert (await node.ask()).end == ("ok", "saved")
    record = node.change()
    assert (record.who.name, record.origin, record.verb) == (
        "root",
        "unix:uid=0,pid=7",
        "CONFIG SAVE",
    )
    assert record.options == {"comment": "add web"}
    assert (record.before.number, record.after.number, record.result) == (4, 5, "ok")


async def test_nobody_is_told_ok_before_the_record_is_durable() -> None:
    node = Node()
    node.log.free.clear()
    task = asyncio.get_running_loop().create_task(node.ask())
    while not node.log.asked:  # noqa: ASYNC110  nobody tells it
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)
    assert node.generation == 5
    assert not task.done()
    node.log.let_go()
    assert (await task).end == ("ok", "saved")


async def test_what_only_looks_is_not_recorded_and_does_not_wait() -> None:
    node = Node()
    node.log.free.clear()
    node.log.trouble = "the disk is full"
    assert (await node.ask("STATUS")).end == ("ok", "seen")
    assert node.log.asked == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LvsmError("another came first", code="conflict"), "conflict"),
        (TimeoutError(), "timeout"),
        (OSError("full"), "os-error"),
    ],
)
async def test_a_change_that_failed_is_recorded_with_its_code(error: Exception, code: str) -> None:
    node = Node()

    async def fail(_request: Request, _reply: Reply) -> str:
        raise error

    node.body = fail
    reply = await node.ask()
    assert reply.end is not None
    assert (reply.end[0], node.change().result) == (code, code)
    assert node.change().after.number == 4


async def test_our_own_mistake_is_recorded_as_internal() -> None:
    node = Node()

    async def fail(_request: Request, _reply: Reply) -> str:
        raise ZeroDivisionError

    node.body = fail
    with pytest.raises(ZeroDivisionError):
        await node.ask()
    assert node.change().result == "internal"


async def test_a_change_that_is_cut_short_is_recorded_as_such() -> None:
    node = Node()
    begun = asyncio.Event()

    async def hang(_request: Request, _reply: Reply) -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    node.body = hang
    task = asyncio.get_running_loop().create_task(node.ask())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert node.change().result == "interrupted"


async def test_nothing_is_changed_while_nothing_can_be_recorded() -> None:
    node = Node()
    node.log.trouble = "the disk is full"
    reply = await node.ask()
    assert reply.end is not None
    assert reply.end[0] == "audit-failed"
    assert "the disk is full" in reply.end[1]
    assert (node.generation, node.log.asked) == (4, [])
    assert node.auditor.complaints()


async def test_a_change_that_could_not_be_recorded_is_answered_so() -> None:
    node = Node()
    node.log.breaks = True
    reply = await node.ask()
    assert reply.end is not None
    assert reply.end[0] == "audit-failed"
    assert "was done" in reply.end[1]
    assert node.generation == 5
    again = await node.ask()
    assert again.end is not None
    assert "nothing was changed" in again.end[1]
    assert node.generation == 5


async def test_an_error_is_told_even_when_it_cannot_be_recorded() -> None:
    node = Node()

    async def fail(_request: Request, _reply: Reply) -> str:
        raise LvsmError("no", code="conflict")

    node.body = fail
    node.log.breaks = True
    assert (await node.ask()).end == ("conflict", "no")


async def test_whoever_may_not_change_is_recorded_and_need_not_wait() -> None:
    node = Node()
    node.log.free.clear()
    reply = await node.ask(principal=NOBODY)
    assert reply.end is not None
    assert reply.end[0] == "forbidden"
    node.log.let_go()
    assert (node.change().result, node.change().who.name) == (ForbiddenError.code, "uid:1000")
    await node.ask("STATUS", NOBODY)
    assert len(node.log.records) == 1


async def test_a_refused_login_is_recorded() -> None:
    node = Node()
    node.auditor.login_refused("admin\x1b[2J" + "x" * 1000, "10.0.0.9")
    (record,) = node.log.records
    assert isinstance(record, LoginRefused)
    assert record.origin == "10.0.0.9"
    assert record.name.startswith("admin")
    assert len(record.name) < 300


async def test_a_flood_of_refusals_becomes_one_summary() -> None:
    node = Node()
    task = asyncio.get_running_loop().create_task(node.auditor.run())
    for number in range(5000):
        node.auditor.login_refused("admin", f"10.0.0.{number % 7}")
        await node.ask(principal=NOBODY)
    await asyncio.sleep(0.01)
    assert len(node.log.records) == AT_ONCE
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    summary = node.log.records[-1]
    assert isinstance(summary, MoreRefused)
    assert summary.count == 10_000 - AT_ONCE
    assert summary.origins == 8


async def test_a_flood_is_summed_up_when_that_is_due() -> None:
    node = Node()
    for _ in range(AT_ONCE + 5):
        node.auditor.login_refused("admin", "10.0.0.9")
    node.clock.pass_by(3600)
    task = asyncio.get_running_loop().create_task(node.auditor.run())
    while len(node.log.records) == AT_ONCE:  # noqa: ASYNC110  nobody tells it
        await asyncio.sleep(0)
    task.cancel()
    assert isinstance(node.log.records[-1], MoreRefused)


async def test_an_answer_may_go_on_after_its_ok() -> None:
    node, seen = Node(), []

    async def on(_request: Request, _reply: Reply) -> Ongoing:
        async def go_on() -> None:
            seen.append(len(node.log.records))

        return Ongoing("going on", go_on)

    node.body = on
    assert (await node.ask()).end == ("ok", "going on")
    assert seen == [1]
