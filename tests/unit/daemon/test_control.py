"""The control loop: what it does with what it knows, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from lvsm.core.errors import LvsmError
from lvsm.core.events import GroupKept, GroupOffered, GroupReleased, GroupTaken
from lvsm.core.model import Configuration, Failback
from lvsm.daemon.control import LAST_OFFER_SECONDS, OFFER_SECONDS
from tests.unit.daemon.nodes import ADDRESS, Site, SlowKernel


async def holding() -> Site:
    site = Site()
    site.hear("dir2")
    site.hear("rs1", eligible=False)
    await site.turns()
    assert site.shows()
    return site


async def test_the_first_director_takes_and_announces_once() -> None:
    site = await holding()
    assert site.serves()
    assert site.view.held == {"web"}
    assert [type(event) for event in site.told] == [GroupTaken]
    assert [a.address for a in site.kernel.kernel.announced] == [ADDRESS]
    assert site.names().index("AddService") < site.names().index("AddAddress")


async def test_an_arrival_is_announced_again_and_again_and_then_no_more() -> None:
    site = await holding()
    for seconds in (0.3, 1.0, 3.0, 10.0, 60.0, 60.0):
        await site.turns(seconds)
        site.hear("dir2")
        site.hear("rs1", eligible=False)
    assert len(site.kernel.kernel.announced) == 5


async def test_when_nothing_changes_nothing_is_done() -> None:
    site = await holding()
    for _ in range(3):
        site.hear("dir2")
        await site.turns(60)
    count, published = len(site.kernel.done), site.published
    await site.turns()
    assert (len(site.kernel.done), site.published) == (count, published)
    assert len(site.kernel.haresources) == 1


async def test_a_second_director_waits_and_takes_when_the_first_is_dead() -> None:
    site = Site(me="dir2")
    site.hear("dir1", holds=True)
    site.hear("rs1", eligible=False)
    await site.turns()
    assert not site.shows()
    site.view.statuses["dir1"] = "dead"
    site.view.heard.pop("dir1")
    await site.turns()
    assert site.shows()


async def test_a_silent_plvsd_whose_heartbeat_lives_keeps_its_groups() -> None:
    site = Site(me="dir2")
    site.hear("dir1", holds=True)
    site.hear("rs1", eligible=False)
    await site.turns(60)
    site.hear("rs1", eligible=False)
    await site.turns()
    assert not site.shows()


async def test_a_returning_director_asks_and_takes_only_what_was_let_go() -> None:
    site = Site()
    site.hear("dir2", holds=True)
    site.hear("rs1", eligible=False)
    await site.turns()
    assert not site.shows()
    assert set(site.asked) == {("dir2", "web")}
    site.hear("dir2")
    await site.turns()
    assert site.shows()


async def test_with_manual_failback_nobody_asks() -> None:
    site = Site(failback=Failback.MANUAL)
    site.hear("dir2", holds=True)
    site.hear("rs1", eligible=False)
    await site.turns()
    assert (site.asked, site.shows()) == ([], False)


async def test_who_is_asked_offers_serves_on_and_lets_go_when_it_is_taken() -> None:
    site = await holding()
    assert site.control.asked("web", "dir2")
    site.view.leaving = True  # else it would only be asked back at once
    await site.turns()
    assert not site.shows()
    assert site.hides()
    site.hear("dir2", holds=True)
    await site.turns()
    assert not site.hides()
    assert site.serves()  # a standby's table is warm
    assert [type(e) for e in site.told] == [GroupTaken, GroupOffered, GroupReleased]


@pytest.mark.parametrize(("group", "node"), [("web", "rs1"), ("none", "dir2"), ("web", "dir9")])
async def test_only_directors_of_a_group_that_live_may_ask(group: str, node: str) -> None:
    site = await holding()
    assert not site.control.asked(group, node)
    assert not site.view.offered


async def test_what_nobody_takes_is_kept() -> None:
    site = await holding()
    site.control.offer("web", "a test wants it")
    await site.turns(OFFER_SECONDS / 2)
    assert not site.shows()
    await site.turns(OFFER_SECONDS)
    assert site.shows()
    assert any(isinstance(event, GroupKept) for event in site.told)


async def test_without_heartbeat_the_group_goes_before_the_others_take_it() -> None:
    site = await holding()
    site.view.heartbeat = None
    await site.turns()
    assert not site.shows()
    assert site.hides()  # whoever has this node in its ARP cache is still answered
    await site.turns(LAST_OFFER_SECONDS + 0.1)
    assert not site.hides()
    assert site.view.held == set()


async def test_nothing_known_of_heartbeat_yet_moves_nothing() -> None:
    site = await holding()
    site.view.watched = False
    site.view.heartbeat = None
    await site.turns(60)
    assert site.shows()


async def test_a_new_plvsd_goes_on_with_what_the_kernel_has() -> None:
    old = await holding()
    new = Site(kernel=old.kernel)
    old.kernel.done.clear()
    new.hear("dir2")
    await new.turns()
    assert new.view.held == {"web"}
    assert new.told == []
    assert not {"AddService", "DeleteService", "DeleteAddress"} & set(new.names())


class Probing(SlowKernel):
    """One that does not come to an end of finding out its schedulers."""

    def __init__(self, other: SlowKernel) -> None:
        super().__init__()
        self.kernel = other.kernel
        self.asked = asyncio.Event()

    async def schedulers(self) -> tuple[str, ...]:
        self.asked.set()
        await asyncio.Event().wait()
        return ()


async def test_what_it_holds_is_known_before_the_long_question_for_schedulers() -> None:
    kernel = Probing((await holding()).kernel)
    new = Site(kernel=kernel)
    assert not new.control.adopted.is_set()
    async with asyncio.TaskGroup() as group:
        turn = group.create_task(new.control.turn())
        await kernel.asked.wait()
        assert new.control.adopted.is_set()
        assert new.view.held == {"web"}
        turn.cancel()


async def test_an_empty_configuration_takes_everything_down() -> None:
    site = await holding()
    site.view.configuration, site.view.groups = Configuration(), {}
    await site.turns()
    assert not site.shows()
    assert not site.serves()
    assert site.kernel.haresources[-1] == ()


async def test_drift_is_mended() -> None:
    site = await holding()
    site.kernel.kernel.ipvs.table.clear()
    site.kernel.kernel.ipvs.destinations.clear()
    await site.turns()
    assert site.serves()
    assert site.view.problems == ()


async def test_a_turn_that_fails_does_not_end_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    site.hear("dir2")
    site.hear("rs1", eligible=False)
    site.kernel.refuse = OSError("no room")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(site.control.run())
        async with site.view.stepped:
            await site.view.stepped.wait()
        assert "no room" in site.view.problems[0]
        site.kernel.refuse = None
        site.view.touch()
        async with site.view.stepped:
            await site.view.stepped.wait_for(site.shows)
        task.cancel()
    assert caplog.text.count("cannot do what is due") == 1


async def test_a_privileged_half_that_is_gone_ends_the_worker() -> None:
    site = Site()
    site.kernel.refuse = LvsmError("it is gone", code="privileged-gone")
    with pytest.raises(LvsmError):
        await site.control.run()


async def test_a_realserver_never_takes_a_group() -> None:
    site = Site(me="rs1")
    site.view.statuses = {"dir1": "dead", "dir2": "dead", "rs1": "active"}
    await site.turns(60)
    assert not site.shows()
    assert site.view.held == set()
