"""What heartbeat says, by event and by asking, and what of it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from lvsm.core.events import Happening, HeartbeatChanged, MemberChanged
from lvsm.core.facts import Facts
from lvsm.daemon.view import Heard, View
from lvsm.daemon.watch import Watch
from tests.fakes.clock import FakeClock

MEMBERS = ("dir1", "dir2", "rs1")


@dataclass
class FakeHeartbeat:
    """Satisfies the port; `said` is what it answers, `asking` opens when it may."""

    runs: str | None = "1:1"
    said: dict[str, str] = field(default_factory=lambda: dict.fromkeys(MEMBERS, "active"))
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def instance(self) -> str | None:
        return self.runs

    async def statuses(self, nodes: Iterable[str]) -> dict[str, str]:
        self.asked += 1
        said = {node: self.said[node] for node in nodes if node in self.said}
        await self.gate.wait()
        return said


class Site:
    """A watch, what it watches and whom it tells."""

    def __init__(self) -> None:
        self.view = View(me="dir1", members=MEMBERS)
        self.heartbeat = FakeHeartbeat()
        self.lost: list[str] = []
        self.told: list[Happening] = []
        self.watch = Watch(
            view=self.view,
            heartbeat=self.heartbeat,
            clock=FakeClock(),
            lost=self.lost.append,
            tell=self.told.append,
        )

    async def look(self) -> None:
        """One look, and the question if it is due."""
        self.watch._look()
        if self.watch._due():
            await self.watch._ask()


@pytest.fixture
async def site() -> Site:
    found = Site()
    await found.look()
    return found


async def test_a_plvsd_that_starts_asks_how_things_are(site: Site) -> None:
    assert site.view.statuses == dict.fromkeys(MEMBERS, "active")
    assert site.view.watched
    assert site.view.heartbeat == "1:1"
    asked = site.heartbeat.asked
    await site.look()
    assert site.heartbeat.asked == asked  # nothing has happened since


async def test_a_death_is_noted_told_and_the_dead_node_s_word_forgotten(site: Site) -> None:
    facts = Facts(node="dir2", version="2", order=(1, 0, ""), eligible=True)
    site.view.heard["dir2"] = Heard(facts=facts, at=0)
    site.view.changed.clear()
    site.watch.member("dir2", "dead")
    assert site.view.statuses["dir2"] == "dead"
    assert "dir2" not in site.view.heard
    assert site.lost == ["dir2"]
    assert site.view.changed.is_set()
    assert site.told[-1] == MemberChanged(member="dir2", status="dead")


async def test_a_second_death_is_acted_upon_too(site: Site) -> None:
    site.watch.member("dir2", "dead")
    site.watch.member("dir2", "dead")
    assert site.lost == ["dir2", "dir2"]


@pytest.mark.parametrize("stale", ["init", "up"])
async def test_a_word_of_the_past_makes_it_ask_instead(site: Site, stale: str) -> None:
    asked = site.heartbeat.asked
    site.watch.member("dir2", stale)
    assert site.view.statuses["dir2"] == "active"
    await site.look()
    assert site.heartbeat.asked == asked + 1


async def test_an_event_counts_more_than_an_answer_that_was_under_way(site: Site) -> None:
    site.heartbeat.gate.clear()
    site.watch.joined()
    asking = asyncio.create_task(site.look())  # noqa: TID251  the test ends it below
    await asyncio.sleep(0)
    site.watch.member("dir2", "dead")
    site.heartbeat.gate.set()
    await asking
    assert site.view.statuses["dir2"] == "dead"


async def test_a_heartbeat_that_ends_and_one_that_starts_are_seen(site: Site) -> None:
    site.heartbeat.runs = None
    await site.look()
    assert (site.view.heartbeat, site.view.statuses) == (None, {})
    site.heartbeat.runs = "2:9"
    await site.look()
    assert site.view.heartbeat == "2:9"
    assert [e.state for e in site.told if isinstance(e, HeartbeatChanged)] == [
        "runs",
        "gone",
        "runs",
    ]


async def test_who_leaves_and_comes_back_may_hold_again(site: Site) -> None:
    site.watch.leaving()
    assert site.view.leaving
    site.watch.joined()
    assert not site.view.leaving


async def test_a_heartbeat_that_joins_is_asked_often(site: Site) -> None:
    site.heartbeat.runs = "2:9"
    site.heartbeat.said["dir1"] = "up"
    await site.look()
    asked = site.heartbeat.asked
    clock = site.watch._clock
    assert isinstance(clock, FakeClock)
    clock.pass_by(1)
    await site.look()
    assert site.heartbeat.asked == asked + 1
