"""Links to the other nodes: what goes over them, and how they end and come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from lvsm.core.conversation import Response
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts
from lvsm.core.generation import EMPTY
from lvsm.daemon.peers import Peers
from lvsm.daemon.ports import Link
from tests.fakes.clock import FakeClock


@dataclass
class FakeLink:
    """A peer's end: remembers requests, refuses or hangs when told to."""

    requests: list[str] = field(default_factory=list)
    literals: list[bytes | None] = field(default_factory=list)
    broken: bool = False
    closed: bool = False

    async def request(
        self,
        verb: str,
        literal: bytes | None = None,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109  as the port has it
    ) -> Response:
        if self.broken:
            raise LvsmError(f"no answer to {verb} within {timeout} s", code="timeout")
        self.requests.append(verb)
        self.literals.append(literal)
        await asyncio.sleep(0)
        return Response()

    async def close(self) -> None:
        self.closed = True


class Site:
    """This node's links, made by a dialler that can fail."""

    def __init__(self) -> None:
        self.links: list[FakeLink] = []
        self.unreachable = 0
        self.peers = Peers(
            names=("dir2",),
            dial=self.dial,
            clock=FakeClock(),
            facts=lambda: Facts(node="dir1", version="2", order=EMPTY.order, eligible=True),
        )

    async def dial(self, node: str) -> Link:
        assert node == "dir2"
        if self.unreachable:
            self.unreachable -= 1
            raise ConnectionRefusedError(111, "refused")
        self.links.append(FakeLink())
        return self.links[-1]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeLink]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.peers.run())
            await until(lambda: bool(self.links and self.links[-1].requests))
            try:
                yield self.links[-1]
            finally:
                task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  there is no event for what a test looks at
            await asyncio.sleep(0.005)


async def test_facts_are_the_first_word_and_come_again_when_published() -> None:
    site = Site()
    async with site.running() as link:
        assert link.requests[0] == "PEER FACTS"
        count = len(link.requests)
        site.peers.publish()
        await until(lambda: len(link.requests) > count)


async def test_a_question_goes_out_at_once_and_only_once() -> None:
    site = Site()
    async with site.running() as link:
        for _ in range(5):
            site.peers.ask("dir2", "web")
        await until(lambda: "GROUP ASK web" in link.requests)
        site.peers.publish()
        count = link.requests.count("PEER FACTS")
        await until(lambda: link.requests.count("PEER FACTS") > count)
        assert link.requests.count("GROUP ASK web") == 1


async def test_a_link_that_fails_is_closed_and_made_anew() -> None:
    site = Site()
    async with site.running() as link:
        link.broken = True
        site.unreachable = 2
        site.peers.publish()
        await until(lambda: len(site.links) == 2 and bool(site.links[1].requests))
        assert link.closed
        assert site.unreachable == 0


async def test_what_is_wrong_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    site.unreachable = 4
    async with site.running():
        assert caplog.text.count("refused") == 1


async def test_a_dead_node_is_asked_nothing() -> None:
    site = Site()
    site.peers.ask("dir2", "web")
    site.peers.lost("dir2")
    site.peers.lost("nobody")
    async with site.running() as link:
        assert "GROUP ASK web" not in link.requests


async def test_ending_closes_the_links() -> None:
    site = Site()
    with suppress(asyncio.CancelledError):
        async with site.running():
            pass
    assert site.links[0].closed
