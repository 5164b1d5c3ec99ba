"""What must be true of a cluster whatever happened to it; each raises AssertionError."""

from __future__ import annotations

from collections import defaultdict

from lvsm.core.generation import Generation
from lvsm.core.replication import history
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.outcomes import Committed, Conflict, Short
from tests.unit.core.replication.world import Node, World


def head_rises(world: World, node: Node, before: Disk) -> None:
    """(epoch, generation) never goes back on a node, and everything it names is a file."""
    del world
    assert node.disk.head.order >= before.head.order, "the head went back"
    newest = history.newest(node.disk.history)
    if newest is not None:
        assert newest.order == node.disk.head.order, "the head is not the newest decided"
    assert set(node.disk.history) <= set(node.files), "a generation is named but not kept"


def decided(world: World) -> dict[str, Generation]:
    """Everything that some node calls decided, or some admin was told."""
    found = dict(world.acknowledged)
    for node in world.nodes.values():
        found |= {key: node.files[key] for key, r in node.disk.history.items() if r.decided}
    return found


def one_successor(world: World) -> None:
    """A generation has at most one successor by normal Saves."""
    everything = decided(world)
    children: dict[str, set[str]] = defaultdict(set)
    for key, generation in everything.items():
        parent = everything.get(generation.parent)
        if generation.epoch == (parent.epoch if parent else 1):
            children[generation.parent].add(key)
    for parent_hash, those in children.items():
        assert len(those) == 1, f"{parent_hash} has successors {sorted(those)}"


def one_per_number(world: World) -> None:
    """At most one generation has each (epoch, number), whoever forced what on which side."""
    places: dict[tuple[int, int], str] = {}
    for key, generation in decided(world).items():
        place = generation.epoch, generation.number
        assert places.setdefault(place, key) == key, f"two generations are {place}"


def nothing_gone(world: World) -> None:
    """Every acknowledged Save is in every node's history, or a vote that the next Save finishes."""
    votes = {n.disk.vote.generation.hash for n in world.nodes.values() if n.disk.vote is not None}
    for node in world.nodes.values():
        gone = set(world.acknowledged) - set(node.disk.history) - votes
        assert not gone, f"{node.name} lost an acknowledged Save"


def nothing_lost(world: World) -> None:
    """Every acknowledged Save is in every node's history after healing, and can be read."""
    for node in world.nodes.values():
        for key in world.acknowledged:
            assert key in node.disk.history, f"{node.name} lost an acknowledged Save"
            assert key in node.files, f"{node.name} cannot read an acknowledged Save"


def all_equal(world: World) -> None:
    """All nodes have one head and one history."""
    heads = {node.disk.head.order for node in world.nodes.values()}
    assert len(heads) == 1, f"{len(heads)} heads after healing"
    histories = {history.digest(node.disk.history) for node in world.nodes.values()}
    assert len(histories) == 1, f"{len(histories)} histories after healing"


def saves_again(world: World) -> None:
    """After healing a new Save succeeds, at the latest when what was begun is finished."""
    node = world.nodes[world.random.choice(world.names)]
    for _ in range(5):
        outcome = world.save_now(node)
        if isinstance(outcome, Short):  # disks were lost, or nodes never heard: a forced one
            assert outcome.lost, "a Save is short of nodes though all are there"
            outcome = world.save_now(node, forced=True)
        world.gossip()
        if isinstance(outcome, Committed):
            return
        assert isinstance(outcome, Conflict), f"after healing a Save ends as {outcome}"
    raise AssertionError("no Save succeeds after healing")


def after_healing(world: World) -> None:
    """All of them: heal the world first."""
    world.heal()
    nothing_gone(world)
    saves_again(world)
    all_equal(world)
    nothing_lost(world)
    one_successor(world)
    one_per_number(world)
