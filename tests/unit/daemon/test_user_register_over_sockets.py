"""Users that the nodes agree upon, beside the configuration, over real sockets and disks."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from lvsm.core import users as user_table
from lvsm.core.roles import Role
from lvsm.core.users import Users, UsersError
from lvsm.daemon.save_errors import NoMajorityError, ToBeConfirmedError
from tests.unit.core.test_users import OTHER, VERIFIER
from tests.unit.daemon.clusters import Cluster, Machine, cluster, text, until

ALL = ("n1", "n2", "n3")


async def add(node: Machine, name: str) -> Users:
    change = partial(user_table.add, name=name, role=Role.VIEWER, verifier=OTHER)
    return await node.accounts.change(change, author="ann", comment=f"user {name} was added")


def names(nodes: Cluster) -> set[str]:
    return {" ".join(sorted(node.accounts.users.by_name)) for node in nodes.values() if node.view}


async def test_a_change_of_the_users_is_known_to_all_and_survives_a_power_cut(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as nodes:
        nodes["n1"].users.users = user_table.seeded(VERIFIER)
        saved = await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        for node in nodes.values():
            assert node.accounts.users.by_name["admin"].verifier == VERIFIER
        changed = await add(nodes["n2"], "bob")
        assert "bob" in changed.by_name
        head = await nodes.agree()
        assert (head.number, head.text, head.comment) == (
            saved.generation.number + 1,
            saved.generation.text,
            "user bob was added",
        )
        assert names(nodes) == {"admin bob"}
        for node in nodes.values():
            await node.cut()
        for node in nodes.values():
            await node.start()
        assert names(nodes) == {"admin bob"}


async def test_users_that_are_changed_meanwhile_are_no_conflict_for_a_save(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        await add(nodes["n2"], "bob")
        await nodes.agree()
        saved = await nodes["n3"].save(text(*ALL, note="made before bob was there"), base=1)
        assert saved.generation.number == 3
        await nodes.agree()
        assert names(nodes) == {"admin bob"}


async def test_changes_at_the_same_time_are_made_one_after_the_other(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        await asyncio.gather(
            add(nodes["n1"], "ann"),
            add(nodes["n2"], "bob"),
            nodes["n3"].save(text(*ALL, note="at the same time"), base=1),
        )
        head = await nodes.agree()
        assert (head.number, "at the same time" in head.text) == (4, True)
        assert names(nodes) == {"admin ann bob"}
        with pytest.raises(UsersError, match="there is a user bob already"):
            await add(nodes["n3"], "bob")


async def test_a_minority_changes_no_users(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        for name in ("n2", "n3"):
            await nodes[name].cut()
        with pytest.raises(NoMajorityError):
            await add(nodes["n1"], "bob")
        assert "bob" not in nodes["n1"].accounts.users.by_name


async def test_what_waits_to_be_confirmed_is_not_settled_by_a_change_of_the_users(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as nodes:
        await nodes["n1"].save(text(*ALL))
        await add(nodes["n1"], "ann")
        await nodes["n1"].save(text(*ALL, note="new"), confirm=3600)
        with pytest.raises(ToBeConfirmedError):
            await add(nodes["n1"], "bob")
        nodes.clock.seconds = 3600
        await until(lambda: nodes["n1"].generation.text == text(*ALL))
        await nodes.agree()
        assert names(nodes) == {"admin ann"}


async def test_before_the_first_generation_users_are_each_node_s_own(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await add(nodes["n1"], "bob")
        assert names(nodes) == {"admin", "admin bob"}
        await nodes["n1"].save(text(*ALL))
        await nodes.agree()
        assert names(nodes) == {"admin bob"}
