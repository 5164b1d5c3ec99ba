"""CERT SHOW, CERT RENEW, and the renewal that nobody asks for."""

from __future__ import annotations

import asyncio

import pytest

from lvsm.core.certificate import Certificate, CertificateError
from lvsm.core.events import Happening
from lvsm.core.messages import BadRequestError
from lvsm.core.moments import DAY
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.cert_verbs import CertVerbs
from lvsm.daemon.certificate_keeper import CertificateKeeper
from tests.fakes.clock import FakeClock
from tests.unit.daemon.replies import FakeReply


class FakeStore:
    """Satisfies `daemon.ports.CertificateStore`; certificates are for 100 days."""

    def __init__(self, now: float) -> None:
        self.number = 0
        self.present = self._made(now)
        self.broken = False

    def _made(self, now: float) -> Certificate:
        return Certificate(
            subject="CN=dir1",
            fingerprint=str(self.number),
            not_before=now,
            not_after=now + 100 * DAY,
        )

    async def describe(self) -> Certificate:
        await asyncio.sleep(0)
        return self.present

    async def renew(self, now: float) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("the disk is full")
        self.number += 1
        self.present = self._made(now)


class Node:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock.now())
        self.told: list[Happening] = []
        self.keeper = CertificateKeeper(store=self.store, clock=self.clock, tell=self.told.append)
        self.verbs = CertVerbs(node="dir1", keeper=self.keeper, clock=self.clock).table()

    async def ask(self, verb: str, *words: str) -> FakeReply:
        reply = FakeReply()
        await self.verbs[verb].handle(_request(verb, *words), reply)
        return reply


def _request(verb: str, *words: str) -> Request:
    return Request(
        principal=Principal(name="admin", kind="admin"),
        origin="192.0.2.1:1",
        verb=verb,
        args=words,
        options={},
        literal=None,
    )


async def test_it_is_shown() -> None:
    [item] = (await Node().ask("CERT SHOW")).items
    assert item == {
        "node": "dir1",
        "subject": "CN=dir1",
        "fingerprint": "0",
        "not_before": "2001-09-09T01:46:40.000Z",
        "not_after": "2001-12-18T01:46:40.000Z",
        "days_left": 100,
    }


async def test_it_is_renewed_when_somebody_asks_and_watchers_hear_of_it() -> None:
    node = Node()
    node.clock.pass_by(DAY)
    [item] = (await node.ask("CERT RENEW")).items
    assert (item["fingerprint"], item["days_left"]) == ("1", 100)
    assert [(told.code, told.text()) for told in node.told] == [
        ("certificate-renewed", "new certificate 1: admin asked for it")
    ]


async def test_renewing_is_a_change_and_showing_is_none() -> None:
    verbs = Node().verbs
    assert verbs["CERT RENEW"].changes
    assert not verbs["CERT SHOW"].changes


async def test_words_too_many_are_refused() -> None:
    node = Node()
    for verb in node.verbs:
        with pytest.raises(BadRequestError):
            await node.ask(verb, "dir2")
    assert node.store.number == 0


async def test_it_is_renewed_when_few_days_are_left_and_not_before() -> None:
    node = Node()
    node.clock.pass_by(70 * DAY)
    await node.keeper.look()
    assert node.store.number == 0
    node.clock.pass_by(1)
    await node.keeper.look()
    await node.keeper.look()
    assert node.store.number == 1
    assert node.told[0].text() == "new certificate 1: few days were left"


async def test_what_prevents_it_is_a_complaint_until_it_went_well() -> None:
    node = Node()
    node.clock.pass_by(99 * DAY)
    node.store.broken = True
    await node.keeper.look()
    assert node.keeper.complaints() == ("the certificate cannot be renewed: the disk is full",)
    assert node.told == []
    node.store.broken = False
    await node.keeper.look()
    assert node.keeper.complaints() == ()
    assert node.store.number == 1


async def test_two_renewals_are_made_one_after_the_other() -> None:
    node = Node()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(node.keeper.renew("asked")) for _ in range(2)]
    assert [task.result().fingerprint for task in tasks] == ["1", "2"]


async def test_a_certificate_that_cannot_be_read_is_a_complaint() -> None:
    node = Node()

    class Unreadable(FakeStore):
        async def describe(self) -> Certificate:
            raise CertificateError("it is damaged")

    keeper = CertificateKeeper(store=Unreadable(0.0), clock=node.clock, tell=node.told.append)
    await keeper.look()
    assert keeper.complaints() == ("the certificate cannot be renewed: it is damaged",)
