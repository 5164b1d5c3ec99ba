"""Saving: on this node's disk first, then in use, then with the others; or nothing at all."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest

from lvsm.core.events import Happening
from lvsm.core.generation import EMPTY, Generation
from lvsm.core.model import Configuration, Node
from lvsm.daemon import checking
from lvsm.daemon.checking import Checked
from lvsm.daemon.replicator import ConflictError, InvalidError, Replicator
from lvsm.daemon.view import View
from tests.fakes.clock import FakeClock

MEMBERS = ("dir1", "dir2", "rs1")
WEB = """\
[node.rs1]
address = "10.1.0.21"

[vip.web]
address = "192.0.2.10/24"
ports = [80]
directors = ["dir1", "dir2"]

[[vip.web.realserver]]
node = "rs1"
"""
MORE = WEB + "weight = 3\n"


class Disk:
    """Satisfies the Store; `full` refuses, `log` has the order of what happened."""

    def __init__(self, log: list[str]) -> None:
        self.kept: list[Generation] = [EMPTY]
        self.full = False
        self._log = log

    def newest(self) -> Generation:
        return max(self.kept, key=lambda generation: generation.order)

    def keep(self, generation: Generation) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self._log.append("kept")
        self.kept.append(generation)


class Site:
    """A replicator with a disk and peers that say what they take."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.disk = Disk(self.log)
        self.view = View(me="dir1", members=MEMBERS)
        self.pushed: list[Generation] = []
        self.told: list[Happening] = []
        self.replicator = Replicator(
            view=self.view,
            store=self.disk,
            clock=FakeClock(),
            check=self.check,
            push=self.push,
            tell=self.told.append,
        )
        self.replicator.load()

    def check(self, text: str) -> Checked:
        nodes = {"rs1": Node(name="rs1", address=ip_address("10.1.0.21"))}
        return checking.check(text, members=MEMBERS, facts={}, present=Configuration(nodes=nodes))

    async def push(self, generation: Generation) -> frozenset[str]:
        self.log.append("pushed")
        assert self.view.generation == generation
        self.pushed.append(generation)
        return frozenset({"dir2"})

    async def save(self, text: str = WEB, base: int | None = None) -> Generation:
        return (await self.replicator.save(text, base=base, author="ann")).generation


async def test_a_save_is_on_the_disk_before_anybody_else_hears_of_it() -> None:
    site = Site()
    saved = await site.replicator.save(WEB, base=0, author="ann", comment="first")
    assert site.log == ["kept", "pushed"]
    generation = saved.generation
    assert (generation.number, generation.author, generation.comment) == (1, "ann", "first")
    assert (generation.parent, generation.node) == (EMPTY.hash, "dir1")
    assert saved.nodes == {"dir1", "dir2"}
    assert site.view.groups["web"].directors == ("dir1", "dir2")
    assert site.view.changed.is_set()


async def test_the_same_text_again_makes_no_generation() -> None:
    site = Site()
    first = await site.save()
    again = await site.replicator.save(first.text, base=None, author="bob")
    assert (again.changed, again.generation) == (False, first)
    assert len(site.pushed) == 1


async def test_a_save_from_an_older_generation_is_a_conflict_and_changes_nothing() -> None:
    site = Site()
    await site.save()
    with pytest.raises(ConflictError, match="generation 1 was saved by ann on dir1"):
        await site.save(MORE, base=0)
    assert site.view.generation.number == 1
    assert len(site.disk.kept) == 2


async def test_mistakes_are_all_named_and_nothing_is_kept() -> None:
    site = Site()
    with pytest.raises(InvalidError) as caught:
        await site.save(WEB.replace("ports = [80]", "ports = [0]\nschedular = 'rr'"))
    assert len(caught.value.problems) >= 1
    assert site.disk.kept == [EMPTY]
    assert site.view.generation == EMPTY


async def test_a_full_disk_changes_nothing() -> None:
    site = Site()
    site.disk.full = True
    with pytest.raises(OSError, match="No space"):
        await site.save()
    assert site.view.generation == EMPTY
    assert site.pushed == []


async def test_of_two_saves_at_once_from_one_base_one_wins() -> None:
    site = Site()
    results = await asyncio.gather(
        site.save(WEB, base=0), site.save(MORE, base=0), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["ConflictError", "Generation"]
    assert site.view.generation.number == 1


async def test_a_peer_s_newer_generation_is_kept_and_used_an_older_one_is_not() -> None:
    site = Site()
    mine = await site.save()
    newer = replace_generation(mine, number=2, text=MORE)
    await site.replicator.offered(newer)
    assert site.view.generation == newer
    await site.replicator.offered(mine)
    assert site.view.generation == newer
    assert site.disk.newest() == newer


async def test_a_peer_s_generation_that_cannot_be_read_is_refused() -> None:
    site = Site()
    mine = await site.save()
    with pytest.raises(InvalidError):
        await site.replicator.offered(replace_generation(mine, number=2, text="[vip"))
    assert site.view.generation == mine


async def test_groups_keep_their_ids_when_a_service_is_renamed_beside_another() -> None:
    site = Site()
    await site.save()
    both = WEB + WEB.split("\n\n", 1)[1].replace("vip.web", "vip.shop").replace("[80]", "[443]")
    generation = await site.save(both)
    assert generation.groups == {"web": ("shop", "web")}


def replace_generation(generation: Generation, *, number: int, text: str) -> Generation:
    """A later one."""
    return Generation(
        number=number, text=text, groups=generation.groups, parent=generation.hash, node="dir2"
    )
