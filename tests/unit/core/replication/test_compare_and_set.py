"""A Save becomes the successor of what its admin looked at, or nothing."""

from __future__ import annotations

from random import Random

import pytest

from lvsm.core.replication.outcomes import Committed, Conflict
from tests.simulation import laws
from tests.simulation.mutants import OnWhateverThereIs, proposing
from tests.simulation.parts import SOUND, Parts
from tests.simulation.world import World
from tests.unit.core.replication.stories import apart, cluster, saved


def a_base_that_is_not_known_here(parts: Parts = SOUND) -> World:
    """The admin looked at a forced generation whose node is away now."""
    world = cluster(3, parts)
    apart(world, "n3")
    forced = saved(world, "n3", forced=True)
    n1 = world.nodes["n1"]
    world.save(n1, world.wish(n1, base=forced.order))
    world.settle()
    outcome = world.outcomes[-1]
    assert isinstance(outcome, Conflict)
    assert outcome.head == n1.disk.head
    return world


def test_a_base_that_is_not_known_here_is_a_conflict() -> None:
    a_base_that_is_not_known_here()


def test_a_save_on_whatever_there_is_is_found_out() -> None:
    with pytest.raises(AssertionError, match="never saw"):
        a_base_that_is_not_known_here(proposing(OnWhateverThereIs))


def test_an_old_base_is_a_conflict_with_the_head() -> None:
    world = cluster(3)
    old = world.nodes["n2"].disk.head.order
    head = saved(world, "n1")
    for name in world.names:
        world.save(world.nodes[name], world.wish(world.nodes[name], base=old))
        world.settle()
        outcome = world.outcomes[-1]
        assert isinstance(outcome, Conflict)
        assert (outcome.head, outcome.tried) == (head, None)
        assert outcome.age(head.saved_at + 12) == 12
        assert outcome.age(head.saved_at - 12) == 0


def test_a_node_that_was_away_saves_from_a_base_that_it_has_yet_to_learn() -> None:
    world = cluster(3)
    apart(world, "n3")
    head = saved(world, "n1")
    apart(world)
    n3 = world.nodes["n3"]
    assert n3.disk.head.order < head.order
    world.save(n3, world.wish(n3, base=head.order))
    world.settle()
    assert isinstance(world.outcomes[-1], Committed)
    laws.after_healing(world)


def test_two_admins_at_once_one_is_told_of_the_other() -> None:
    for seed in range(20):
        world = cluster(3)
        world.random = Random(seed)
        for name in ("n1", "n2"):
            node = world.nodes[name]
            world.save(node, world.wish(node, base=node.disk.head.order))
        world.random.shuffle(world.network)
        world.settle()
        ends = {type(outcome): outcome for outcome in world.outcomes[1:]}
        committed, conflict = ends.get(Committed), ends.get(Conflict)
        assert isinstance(committed, Committed)
        assert isinstance(conflict, Conflict)
        assert conflict.head == committed.generation
