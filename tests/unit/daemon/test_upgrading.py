"""A rolling upgrade: nodes that speak several versions of the Save protocol, and one that is too
far ahead, over real sockets."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from lvsm.daemon.save_errors import NoMajorityError
from tests.unit.daemon.clusters import cluster, text, until

ALL = ("n1", "n2", "n3")


async def test_a_node_that_speaks_a_later_version_too_saves_with_the_others(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n3"].cut()
        nodes["n3"].features = ("save-1", "save-2")
        await nodes["n3"].start()
        saved = await nodes["n1"].save(text(*ALL))
        assert await nodes.agree() == saved.generation


async def test_a_node_without_a_common_version_is_out_of_reach_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with cluster(tmp_path) as nodes:
        for name in ("n2", "n3"):
            await nodes[name].cut()
            nodes[name].features = ("save-2",)
            await nodes[name].start()
        await until(lambda: "no connection to n3 for Saves: its LVSM speaks no" in caplog.text)
        with pytest.raises(NoMajorityError):
            await nodes["n1"].save(text(*ALL))
        await nodes["n2"].cut()
        nodes["n2"].features = ("save-1",)
        await nodes["n2"].start()
        saved = await nodes["n1"].save(text(*ALL, note="again"))
        assert await nodes.agree("n1", "n2") == saved.generation
