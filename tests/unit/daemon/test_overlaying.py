"""The overlay on nodes that hear each other: said, kept, spread, pruned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from lvsm.adapters import files
from lvsm.adapters.overlay_file import OverlayFile
from lvsm.core.conversation import Response
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts, Machine
from lvsm.core.model import Configuration
from lvsm.core.overlay import NOTHING, Kind, Object, Overlay, entries_in
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.counting import Counting
from lvsm.daemon.knowledge import known
from lvsm.daemon.node_verbs import NobodyTakesOverError, NodeVerbs
from lvsm.daemon.overlaying import TOMBSTONE_SECONDS, UNSEEN_SECONDS, Overlaying
from lvsm.daemon.own_facts import own_facts
from lvsm.daemon.ports import Link
from lvsm.daemon.requests import UnknownNameError
from lvsm.daemon.rs_verbs import RsVerbs
from lvsm.daemon.spreading import Spreading
from lvsm.daemon.view import Heard, View
from tests.unit.daemon.nodes import Site
from tests.unit.daemon.replies import FakeReply

DRAINED = Object(kind=Kind.STATE, node="rs1", vip="web")
WHO = Principal(name="ann", kind="user")


class Memory:
    def __init__(self) -> None:
        self.kept = NOTHING
        self.full = False

    def read(self) -> Overlay:
        return self.kept

    def keep(self, overlay: Overlay) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.kept = overlay


@dataclass(kw_only=True)
class Node:
    site: Site = field(default_factory=Site)
    store: Memory = field(default_factory=Memory)
    published: int = 0

    def __post_init__(self) -> None:
        view, clock = self.site.view, self.site.clock
        self.overlaying = Overlaying(
            view=view,
            store=self.store,
            clock=clock,
            tell=self.site.told.append,
            publish=self._publish,
        )

        async def no_dial(node: str) -> Link:
            raise LvsmError(f"{node} is not there")

        counting = Counting(view=view, kernel=self.site.kernel, clock=clock, dial=no_dial)
        own = partial(own_facts, view, "eth0", lambda: ())
        snapshot = lambda: known(view, clock, own())  # noqa: E731  as wiring does it
        self.verbs = {
            **RsVerbs(
                view=view, overlaying=self.overlaying, counting=counting, known=snapshot
            ).table(),
            **NodeVerbs(
                view=view,
                clock=clock,
                overlaying=self.overlaying,
                known=snapshot,
                measure=Machine,
                link_of=lambda _name: None,
            ).table(),
        }

    def _publish(self) -> None:
        self.published += 1

    @property
    def view(self) -> View:
        return self.site.view

    async def ask(self, verb: str, *args: str, **options: str) -> FakeReply:
        reply = FakeReply()
        named = {key.replace("_", "-"): value for key, value in options.items()}
        request = Request(
            principal=WHO, verb=verb, args=args, options=named, literal=None, origin=""
        )
        await self.verbs[verb].handle(request, reply)
        return reply


def weights(node: Node) -> list[int]:
    table = node.site.kernel.kernel.ipvs.destinations
    return [entry.weight for found in table.values() for entry in found.values()]


async def test_a_drain_is_on_the_disk_then_in_the_kernel_and_its_undo_undoes_it() -> None:
    node = Node()
    await node.site.turns()
    assert weights(node) == [1]
    reply = await node.ask("RS DRAIN", "web", "rs1", reason="new disk")
    assert reply.items[0]["undo"] == "lvsm rs enable web rs1"
    assert node.store.kept.get(DRAINED) is not None
    await node.site.turns()
    assert weights(node) == [0]
    assert [event.code for event in node.site.told if event.code == "overlay-changed"]
    [listed] = (await node.ask("RS LIST", "web")).items
    assert (listed["state"], listed["table_weight"], listed["live"]) == ("draining", 0, 0)
    await node.ask("RS ENABLE", "web", "rs1")
    await node.site.turns()
    assert weights(node) == [1]


async def test_connections_left_are_those_of_the_kernel() -> None:
    node = Node()
    await node.site.turns()
    ipvs = node.site.kernel.kernel.ipvs
    [key] = ipvs.table
    ipvs.active[key, "10.0.0.61"] = 118
    [listed] = (await node.ask("RS LIST", node="rs1")).items
    assert listed["live"] == 118


async def test_a_weight_can_be_given_and_taken_back() -> None:
    node = Node()
    given = await node.ask("RS WEIGHT", "web", "rs1", "20")
    await node.site.turns()
    assert weights(node) == [20]
    assert given.items[0]["undo"] == "lvsm rs weight web rs1 configured"
    again = await node.ask("RS WEIGHT", "web", "rs1", "20")
    assert (again.items[0]["changed"], again.items[0]["undo"]) == (False, None)
    await node.ask("RS WEIGHT", "web", "rs1", "configured")
    await node.site.turns()
    assert weights(node) == [1]


async def test_what_cannot_be_kept_is_not_done() -> None:
    node = Node()
    node.store.full = True
    with pytest.raises(OSError, match="space"):
        await node.ask("RS DRAIN", "web", "rs1")
    assert node.view.overlay is NOTHING


async def test_a_dry_run_changes_nothing() -> None:
    node = Node()
    reply = await node.ask("RS DRAIN", "web", "rs1", dry_run="yes")
    assert (reply.items[0]["changed"], reply.items[0]["undo"]) == (False, "lvsm rs enable web rs1")
    assert node.view.overlay is NOTHING


@pytest.mark.parametrize(("words", "near"), [(("wbe", "rs1"), "'web'"), (("web", "rs12"), "'rs1'")])
async def test_a_wrong_name_is_answered_with_the_nearest(words: tuple[str, str], near: str) -> None:
    with pytest.raises(UnknownNameError, match=near):
        await Node().ask("RS DRAIN", *words)


async def test_standby_hands_over_and_survives_a_restart() -> None:
    node = Node()
    node.site.hear("dir2")
    node.site.hear("rs1")
    await node.site.turns()
    assert node.site.shows()
    reply = await node.ask("NODE STANDBY", "dir1", reason="memory")
    assert reply.items[0]["moves"] == [{"group": "web", "vips": ["web"], "to": "dir2"}]
    await node.site.turns()
    assert node.view.against == "on standby, by ann: memory"
    assert not node.site.shows()
    again = Node(store=node.store)
    again.overlaying.load()
    again.site.hear("dir2")
    again.site.hear("rs1")
    await again.site.turns()
    assert not again.site.shows()
    await again.ask("NODE ONLINE", "dir1")
    await again.site.turns()
    assert again.site.shows()


async def test_standby_without_a_successor_is_refused_and_by_force_keeps_the_group() -> None:
    node = Node()
    node.site.hear("dir2", eligible=False)
    node.site.hear("rs1")
    await node.site.turns()
    with pytest.raises(NobodyTakesOverError, match="web"):
        await node.ask("NODE STANDBY", "dir1")
    assert node.view.overlay is NOTHING
    await node.ask("NODE STANDBY", "dir1", force="yes")
    await node.site.turns()
    assert node.site.shows()


async def test_nodes_are_shown_with_what_they_told() -> None:
    node = Node()
    node.site.hear("dir2")
    await node.site.turns()
    items = {one["name"]: one for one in (await node.ask("NODE LIST")).items}
    assert list(items) == ["dir1", "dir2", "rs1"]
    assert items["dir1"]["schedulers"] == ["rr", "wlc"]
    assert items["dir2"]["heard_ago_s"] == 0.0
    assert items["rs1"]["heard_ago_s"] is None
    [one] = (await node.ask("NODE SHOW", "dir2")).items
    assert one == items["dir2"]


async def test_what_is_gone_from_the_configuration_is_pruned_after_a_while() -> None:
    node = Node()
    await node.ask("RS DRAIN", "web", "rs1")
    node.view.configuration = Configuration()
    await node.overlaying.prune()
    node.site.clock.pass_by(UNSEEN_SECONDS - 1)
    await node.overlaying.prune()
    assert node.view.overlay.get(DRAINED) is not None
    node.site.clock.pass_by(2)
    await node.overlaying.prune()
    assert node.view.overlay.get(DRAINED) is None


async def test_a_tombstone_goes_when_it_is_old_and_all_nodes_agree() -> None:
    node = Node()
    await node.ask("RS DRAIN", "web", "rs1")
    await node.ask("RS ENABLE", "web", "rs1")
    node.site.clock.pass_by(TOMBSTONE_SECONDS + 1)
    node.view.heard["dir2"] = _heard(node, "dir2")
    await node.overlaying.prune()
    assert DRAINED in node.view.overlay.entries
    node.view.heard["rs1"] = _heard(node, "rs1")
    await node.overlaying.prune()
    assert node.view.overlay.entries == {}
    assert node.store.kept.entries == {}


def _heard(node: Node, name: str) -> Heard:
    digest = node.view.overlay.digest
    facts = Facts(node=name, version="2", order=(1, 1, ""), eligible=True, overlay=digest)
    return Heard(facts=facts, at=node.site.clock.monotonic())


@dataclass(kw_only=True)
class Receiver:
    """Another node's end: it takes what it is sent, or refuses."""

    node: Node
    refuse: int = 0
    sent: int = 0

    @property
    def broken(self) -> bool:
        return False

    async def request(
        self,
        verb: str,
        literal: bytes | None = None,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109  as the port has it
    ) -> Response:
        assert (verb, timeout) == ("PEER OVERLAY", 5.0)
        if self.refuse:
            self.refuse -= 1
            raise LvsmError("not now")
        self.sent += 1
        await self.node.overlaying.hear(entries_in(literal or b""))
        return Response()

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("refuse", [0, 1])
async def test_it_spreads_to_who_lacks_it_and_then_nothing_is_sent(refuse: int) -> None:
    here, there = Node(), Node()
    receiver = Receiver(node=there, refuse=refuse)

    async def dial(node: str) -> Link:
        assert node == "dir2"
        return receiver

    spreading = Spreading(
        names=("dir2",),
        dial=dial,
        clock=here.site.clock,
        overlay=lambda: here.view.overlay,
        digest_of=lambda _node: there.view.overlay.digest,
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(spreading.run())
        await here.ask("RS DRAIN", "web", "rs1")
        await until(lambda: not refuse or not receiver.refuse, spreading.changed)
        here.site.clock.pass_by(10)
        await until(lambda: there.view.overlay == here.view.overlay, spreading.changed)
        for _ in range(3):
            spreading.changed()
            await asyncio.sleep(0.01)
        assert receiver.sent == 1
        task.cancel()
    assert there.store.kept == here.view.overlay


async def until(condition: Callable[[], bool], wake: Callable[[], None]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            wake()
            await asyncio.sleep(0.005)


def test_a_damaged_file_is_kept_beside_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "overlay.json"
    path.write_bytes(b"{")
    store = OverlayFile(path, partial(files.replace, mode=0o600))
    assert store.read() is NOTHING
    assert path.with_suffix(".damaged").read_bytes() == b"{"
    store.keep(NOTHING)
    assert store.read() == NOTHING
