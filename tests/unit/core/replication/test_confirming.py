from __future__ import annotations

from dataclasses import replace

import pytest

from lvsm.core.generation import Generation
from lvsm.core.replication.confirming import Course, applied, confirmation, roll_back
from lvsm.core.replication.outcomes import Committed, Conflict
from tests.simulation.world import World
from tests.unit.core.replication.stories import cluster

PARENT = Generation(number=1, text="old", groups={"g1": ("web",)})
HEAD = Generation(number=2, text="new", parent=PARENT.hash, confirm_by=100.0)


@pytest.mark.parametrize(
    ("now", "majority", "course", "text", "unconfirmed"),
    [
        (99.9, True, Course.HOLD, "new", True),
        (99.9, False, Course.HOLD, "new", True),
        (100.0, True, Course.ROLL_BACK, "new", True),
        (100.0, False, Course.FALL_BACK, "old", True),
    ],
)
def test_what_is_applied_until_it_is_confirmed(
    now: float, majority: bool, course: Course, text: str, unconfirmed: bool
) -> None:
    seen = applied(HEAD, PARENT, now=now, majority=majority)
    assert (seen.course, seen.generation.text, seen.unconfirmed) == (course, text, unconfirmed)


def test_a_generation_without_a_time_limit_is_settled() -> None:
    seen = applied(PARENT, None, now=1e10, majority=False)
    assert (seen.course, seen.generation, seen.unconfirmed) == (Course.SETTLED, PARENT, False)


def test_a_node_without_the_parent_stays_where_it_is() -> None:
    assert applied(HEAD, None, now=100.0, majority=False).generation == HEAD


def test_another_parent_is_a_mistake_of_ours() -> None:
    other = Generation(number=1, text="other")
    with pytest.raises(ValueError, match="parent"):
        applied(HEAD, other, now=0.0, majority=True)
    with pytest.raises(ValueError, match="parent"):
        roll_back(HEAD, other, node="n1", now=0.0, voters={"n1": "a"})


def pending() -> tuple[World, Generation, Generation]:
    """A cluster whose newest generation has to be confirmed."""
    world = cluster(3)
    n1 = world.nodes["n1"]
    parent = n1.disk.head
    world.save(n1, replace(world.wish(n1, base=parent.order), confirm_by=100.0))
    world.settle()
    return world, n1.disk.head, parent


@pytest.mark.parametrize("seed", range(10))
def test_confirming_and_rolling_back_at_once_one_of_them_happens(seed: int) -> None:
    world, head, parent = pending()
    world.random.seed(seed)
    voters = head.voters
    back = {
        name: roll_back(head, parent, node=name, now=101.0, voters=voters) for name in ("n2", "n3")
    }
    kept = confirmation(head, request="r", author="admin", node="n1", now=99.0, voters=voters)
    before = len(world.outcomes)
    for name, wish in {**back, "n1": kept}.items():
        world.save(world.nodes[name], wish)
    world.random.shuffle(world.network)
    world.settle()
    world.gossip()
    (after,) = {node.disk.head.hash: node.disk.head for node in world.nodes.values()}.values()
    assert after.parent == head.hash
    assert after.confirm_by is None
    assert (after.text, after.request) in [
        (kept.text, "r"),
        (parent.text, f"roll-back {head.hash}"),
    ]
    kinds = [type(outcome) for outcome in world.outcomes[before:]]
    rolled = after.text == parent.text
    assert kinds.count(Committed) == (2 if rolled else 1)
    assert kinds.count(Conflict) == (1 if rolled else 2)
