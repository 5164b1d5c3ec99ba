"""What must be true of a cluster whatever happened to it; each raises AssertionError."""

from __future__ import annotations

from collections import defaultdict

from lvsm.core import epochs
from lvsm.core.epochs import FIRST
from lvsm.core.generation import Generation
from lvsm.core.replication import catching_up, history
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.outcomes import Committed, Conflict, Short
from lvsm.core.replication.serving import Heard, Serving
from tests.simulation import tally as states
from tests.simulation.machines import Node
from tests.simulation.world import World


def head_rises(node: Node, before: Disk) -> None:
    """(epoch, generation) never goes back on a node, and everything it names is a file."""
    disk = node.disk
    assert disk.head.order >= before.head.order, "the head went back"
    newest = history.newest(disk.history)
    if newest is not None:
        assert newest.order == disk.head.order, "the head is not the newest decided"
    assert disk.history.keys() <= node.files.keys(), "a generation is named but not kept"


def served(world: World, node: Node) -> Serving:
    """What a node says of what it serves, having heard everybody within reach just now."""
    heard = {
        name: Heard(incarnation=other.disk.incarnation, status=catching_up.status(other.disk))
        for name, other in world.reach(node).items()
        if other is not node
    }
    return world.parts.serving(node.disk, heard)


def confirmed_is_newest(world: World, node: Node) -> None:
    """No acknowledged Save is newer than what a node calls confirmed.

    But for forced ones, of which nobody on the far side of a partition can know.
    """
    seen = served(world, node)
    assert seen.generation == node.disk.head, "a node serves something else than its head"
    told = "is confirmed to a node" if seen.confirmed else "is unconfirmed"
    world.note(states.HISTORY, f"the newest {told}")
    if seen.confirmed and not any(n.disk.epoch > FIRST for n in world.nodes.values()):
        newer = [g for g in world.acknowledged.values() if g.order > node.disk.head.order]
        assert not newer, f"{node.name} confirms what is old"


def decided(world: World) -> dict[str, Generation]:
    """Everything that some node calls decided, or some admin was told."""
    found = dict(world.acknowledged)
    for node in world.nodes.values():
        assert node.disk.history.keys() <= node.files.keys(), "a generation is named but not kept"
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


def no_is_no(world: World) -> None:
    """A Save that was refused for certain is on no disk, neither as a generation nor as a vote."""
    for node in world.nodes.values():
        vote = node.disk.vote
        there = [*node.files.values(), *([vote.generation] if vote is not None else [])]
        for generation in there:
            runs = world.runs.get(generation.request, set())
            refused = bool(runs) and runs <= world.refused
            assert not refused, f"{generation.request} was refused, and is there"


def settled_once(world: World) -> None:
    """What takes a Save back follows it directly: nothing that was confirmed is rolled back."""
    for generation in decided(world).values():
        if generation.request.startswith("roll-back "):
            back = generation.request.removeprefix("roll-back ")
            assert generation.parent == back, "something that was settled is rolled back"


def nothing_gone(world: World) -> None:
    """Every acknowledged Save is in every node's history, or a vote that the next Save finishes."""
    votes = {n.disk.vote.generation.hash for n in world.nodes.values() if n.disk.vote is not None}
    for node in inside(world):
        gone = set(world.acknowledged) - set(node.disk.history) - votes
        assert not gone, f"{node.name} lost an acknowledged Save"


def nothing_lost(world: World) -> None:
    """Every acknowledged Save is in every node's history after healing, and can be read."""
    for node in inside(world):
        for key in world.acknowledged:
            assert key in node.disk.history, f"{node.name} lost an acknowledged Save"
            assert key in node.files, f"{node.name} cannot read an acknowledged Save"


def all_equal(world: World) -> None:
    """All nodes have one head and one history."""
    heads = {node.disk.head.order for node in inside(world)}
    assert len(heads) == 1, f"{len(heads)} heads after healing"
    histories = {history.digest(node.disk.history) for node in inside(world)}
    assert len(histories) == 1, f"{len(histories)} histories after healing"


def saves_again(world: World) -> None:
    """After healing a new Save succeeds, at the latest when what was begun is finished."""
    node = world.random.choice(inside(world))
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
    settled_once(world)
    no_is_no(world)


def inside(world: World) -> list[Node]:
    """The nodes of the cluster that was founded; a machine of another one has not joined yet."""
    return [world.nodes[name] for name in sorted(world.insiders())]


def readmitted(world: World) -> bool:
    """Whether the newest generation lets every disk vote that there is now."""
    voters = world.nodes[world.members[0]].disk.head.voters
    return all(voters.get(node.name) == node.disk.incarnation for node in inside(world))


def count_history(world: World) -> None:
    """What became of the cluster, for the tally."""
    node = inside(world)[0]
    known = node.disk.history
    counts = {epochs.count(record.order[0]) for record in known.values()}
    begun = {record.order[0] for record in known.values()}
    for forced in counts | {0}:
        world.note(states.EPOCHS, str(forced + 1) if forced < 3 else "4 and later")
    if len(begun) > len(counts):
        world.note(states.EPOCHS, "two sides forced at once")
    found = {
        "displaced": bool(history.displaced(known)),
        "a lost disk was admitted again": world.disks_lost > 0 and readmitted(world),
        "doubtful": any(not record.decided for record in known.values()),
        "confirmed": any(g.request.startswith("confirm ") for g in node.files.values()),
        "rolled back": any(g.request.startswith("roll-back ") for g in node.files.values()),
    }
    for state, there in (*found.items(), ("one line", not found["displaced"])):
        if there:
            world.note(states.HISTORY, state)
