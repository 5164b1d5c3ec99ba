"""Nodes that save together over real sockets and disks: agreement, conflicts, power cuts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lvsm.core.replication.history import Record
from lvsm.daemon.save_errors import ConflictError, NoMajorityError
from tests.unit.daemon.clusters import Machine, cluster, text, until

ALL = ("n1", "n2", "n3")


async def test_a_save_is_used_by_all_and_survives_a_power_cut(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        saved = await nodes["n2"].save(text(*ALL), base=0)
        assert (saved.generation.number, saved.changed) == (1, True)
        assert saved.nodes == set(ALL)
        assert await nodes.agree() == saved.generation
        for node in nodes.values():
            await node.cut()
        for node in nodes.values():
            await node.start()
            assert node.generation == saved.generation


async def test_the_same_text_again_makes_no_generation(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        first = await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        again = await nodes["n2"].save(text(*ALL))
        assert (again.changed, again.generation) == (False, first.generation)


async def test_of_two_admins_at_once_one_wins_and_the_other_hears_of_it(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        for number in range(1, 9):
            await nodes.agree()
            results = await asyncio.gather(
                nodes["n1"].save(text(*ALL, note=f"n1 {number}"), base=number),
                nodes["n2"].save(text(*ALL, note=f"n2 {number}"), base=number),
                return_exceptions=True,
            )
            won = [r for r in results if not isinstance(r, BaseException)]
            lost = [r for r in results if isinstance(r, ConflictError)]
            assert (len(won), len(lost)) == (1, 1), results
            head = await nodes.agree()
            assert head == won[0].generation
            assert lost[0].item is not None
            conflict = lost[0].item["conflict"]
            assert isinstance(conflict, dict)
            assert (conflict["generation"], conflict["author"]) == (head.number, "ann")
            assert f"+# {head.node} {number}" in conflict["lines"]


async def test_a_minority_refuses_and_says_what_to_do_and_force_displaces(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        nodes.sides = [{"n1"}, {"n2", "n3"}]
        with pytest.raises(
            NoMajorityError, match=r"1 of the 3 nodes .* n2, n3: not heard.*--force"
        ):
            await nodes["n1"].save(text(*ALL, note="alone"))
        assert nodes["n1"].generation.number == 1
        normal = await nodes["n2"].save(text(*ALL, note="the majority"))
        forced = await nodes["n1"].save(text(*ALL, note="forced"), forced=True)
        assert forced.generation.epoch > normal.generation.epoch
        nodes.sides = []
        await until(lambda: nodes["n3"].generation == forced.generation)
        assert await nodes.agree() == forced.generation
        for node in nodes.values():
            assert node.saving is not None
            disk = node.saving.voter.disk
            assert normal.generation.hash in disk.history
            assert node.saving.voter.read(normal.generation.hash) == normal.generation


async def test_a_node_that_was_away_catches_up(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        await nodes["n3"].cut()
        for number in range(3):
            await nodes["n1"].save(text(*ALL, note=str(number)))
        await nodes["n3"].start()
        assert (await nodes.agree()).number == 4
        saving = nodes["n3"].saving
        assert saving is not None
        await until(lambda: len(saving.voter.disk.history) == 4)
        assert all(saving.voter.read(key) for key in saving.voter.disk.history)


async def test_a_full_disk_refuses_and_changes_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        first = await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        nodes["n1"].disk_full = True
        with pytest.raises(OSError, match="No space"):
            await nodes["n1"].save(text(*ALL, note="no room"))
        assert {node.generation.hash for node in nodes.values()} == {first.generation.hash}
        nodes["n1"].disk_full = False
        assert (await nodes["n1"].save(text(*ALL, note="room"))).generation.number == 2


async def test_a_disk_that_was_replaced_votes_after_the_next_save(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        await nodes["n3"].cut()
        nodes["n3"].folder = tmp_path / "new"
        await nodes["n3"].start()
        await nodes.agree()
        await nodes["n2"].cut()
        with pytest.raises(NoMajorityError, match="n3: began with an empty disk"):
            await nodes["n1"].save(text(*ALL, note="too few"))
        await nodes["n2"].start()
        await nodes.agree()
        again = await nodes["n1"].save(text(*ALL))  # the same text: n3 is recorded
        assert again.changed
        await nodes.agree()
        await nodes["n2"].cut()
        assert (await nodes["n1"].save(text(*ALL, note="enough"))).generation.number == 3


async def test_a_node_that_comes_back_is_ready_when_it_has_caught_up(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        await nodes["n3"].cut()
        newest = await nodes["n1"].save(text(*ALL, note="newer"))
        await nodes["n3"].start()
        assert not nodes["n3"].ready.is_set()
        await nodes["n3"].ready.wait()
        assert nodes["n3"].generation == newest.generation


async def test_a_node_alone_is_ready_after_a_while_and_says_what_it_lacks(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        saved = await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        for node in nodes.values():
            await node.cut()
        await nodes["n3"].start()
        await nodes["n3"].ready.wait()
        view = nodes["n3"].view
        assert view is not None
        assert view.generation == saved.generation
        await until(lambda: "1 node is missing for a majority" in view.unconfirmed)
        with pytest.raises(NoMajorityError):
            await nodes["n3"].save(text(*ALL, note="alone"))


async def test_where_any_quorum_will_do_a_minority_saves_by_a_new_epoch(tmp_path: Path) -> None:
    any_will_do = '[cluster]\nsave_quorum = "any"\n' + text(*ALL)
    async with cluster(tmp_path) as nodes:
        first = await nodes["n1"].save(any_will_do)
        await nodes.agree()
        nodes.sides = [{"n1"}, {"n2", "n3"}]
        alone = await nodes["n1"].save(any_will_do + "# alone\n")
        assert alone.generation.epoch > first.generation.epoch
        nodes.sides = []
        assert await nodes.agree() == alone.generation


async def test_of_two_nodes_a_save_needs_both_or_force(tmp_path: Path) -> None:
    async with cluster(tmp_path, 2) as nodes:
        await nodes["n1"].save(text("n1", "n2"))
        await nodes.agree()
        await nodes["n2"].cut()
        with pytest.raises(NoMajorityError, match="1 of the 2 nodes"):
            await nodes["n1"].save(text("n1", "n2", note="alone"))
        forced = await nodes["n1"].save(text("n1", "n2", note="forced"), forced=True)
        await nodes["n2"].start()
        assert await nodes.agree() == forced.generation


async def test_a_node_that_a_save_takes_out_decides_no_more(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        smaller = await nodes["n1"].save(text("n1", "n2"))
        assert sorted(smaller.generation.voters) == ["n1", "n2"]
        await nodes.agree()
        await nodes["n2"].cut()
        with pytest.raises(NoMajorityError, match="1 of the 2 nodes"):
            await nodes["n1"].save(text("n1", "n2", note="n3 does not count"))


DECIDED = 4
"""The first stage of a Save where it has come to be, though nobody was told."""


@pytest.mark.parametrize("stage", range(8))
async def test_the_coordinator_s_power_is_cut_at_every_stage(tmp_path: Path, stage: int) -> None:
    """Before and after each of its files: promise, vote, the history's, the head."""
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        nodes["n1"].stop_at(stage)
        async with asyncio.TaskGroup() as group:
            cut_short = group.create_task(nodes["n1"].save(text(*ALL, note="cut short")))
            await until(lambda: nodes["n1"].stopped)
            cut_short.cancel()
            await nodes["n1"].cut()
        try:
            after = await nodes["n2"].save(text(*ALL, note="after"))
        except ConflictError:  # what was begun is finished first
            after = await nodes["n2"].save(text(*ALL, note="after"))
        await nodes["n1"].start()
        await nodes.agree()
        await until(lambda: len({str(history(node)) for node in nodes.values()}) == 1)
        assert nodes["n1"].generation == after.generation
        saving = nodes["n1"].saving
        assert saving is not None
        decided = [saving.voter.read(r.hash) for r in history(nodes["n1"]) if r.decided]
        texts = "".join(one.text for one in decided if one is not None)
        assert ("cut short" in texts) == (stage >= DECIDED)


def history(node: Machine) -> list[Record]:
    assert node.saving is not None
    return sorted(node.saving.voter.disk.history.values(), key=lambda record: record.order)
