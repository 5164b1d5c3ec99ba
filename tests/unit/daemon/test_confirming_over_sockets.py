"""A Save that has to be confirmed, on nodes with real sockets and disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvsm.daemon.save_errors import ConflictError, NothingToConfirmError
from tests.unit.daemon.clusters import Cluster, cluster, text, until

ALL = ("n1", "n2", "n3")
HOUR = 3600
NEW = text(*ALL, note="new")


def texts(nodes: Cluster) -> set[str]:
    return {node.view.generation.text for node in nodes.values() if node.view is not None}


async def test_what_is_confirmed_stays(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        waiting = await nodes["n1"].save(NEW, confirm=HOUR)
        assert waiting.generation.confirm_by is not None
        await nodes.agree()
        with pytest.raises(ConflictError):
            await nodes["n3"].confirm(1)
        confirmed = await nodes["n3"].confirm(2)
        assert (confirmed.generation.number, confirmed.generation.confirm_by) == (3, None)
        assert await nodes.agree() == confirmed.generation
        assert texts(nodes) == {NEW}
        with pytest.raises(NothingToConfirmError):
            await nodes["n2"].confirm()


async def test_what_nobody_confirms_is_rolled_back_once_even_after_a_restart(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes["n1"].save(NEW, confirm=HOUR)
        await nodes.agree()
        for node in nodes.values():
            await node.cut()
        for node in nodes.values():
            await node.start()
        assert texts(nodes) == {NEW}
        nodes.clock.seconds = HOUR
        await until(lambda: texts(nodes) == {text(*ALL)})
        head = await nodes.agree()
        assert (head.number, head.confirm_by) == (3, None)
        assert "rolled back generation 2" in head.comment
        for node in nodes.values():
            assert node.saving is not None
            assert len(node.saving.voter.disk.history) == 3


async def test_a_node_alone_uses_what_was_there_before_and_saves_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        saved = await nodes["n1"].save(NEW, confirm=HOUR)
        await nodes.agree()
        for name in ("n2", "n3"):
            await nodes[name].cut()
        nodes.clock.seconds = HOUR
        await until(lambda: nodes["n1"].generation.text == text(*ALL))
        alone = nodes["n1"]
        assert alone.view is not None
        assert alone.saving is not None
        assert alone.view.order == saved.generation.order
        assert alone.saving.voter.disk.head == saved.generation
        await until(lambda: alone.view is not None and "what was there" in alone.view.unconfirmed)
        await nodes["n2"].start()
        await until(lambda: nodes["n2"].generation.number == 3)
        assert (await nodes.agree()).text == text(*ALL)
        await until(lambda: alone.view is not None and not alone.view.unconfirmed)


async def test_a_save_made_meanwhile_settles_it(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        with pytest.raises(NothingToConfirmError, match="nothing to go back to"):
            await nodes["n1"].save(text(*ALL), confirm=HOUR)
        await nodes["n1"].save(text(*ALL))
        await nodes["n1"].save(NEW, confirm=HOUR)
        other = await nodes["n2"].save(text(*ALL, note="other"))
        assert other.generation.confirm_by is None
        assert await nodes.agree() == other.generation
