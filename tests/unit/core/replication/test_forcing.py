"""Too few nodes, and an admin's force."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import msgspec
import pytest

from lvsm.core import epochs
from lvsm.core.replication import history, messages
from lvsm.core.replication.messages import Learn
from lvsm.core.replication.outcomes import Committed, Conflict, Short
from tests.simulation import laws
from tests.unit.core.replication.stories import apart, cluster, saved, vote_only


@pytest.mark.parametrize(
    ("count", "away", "missing"), [(2, 1, 1), (3, 2, 1), (4, 2, 1), (5, 3, 1), (5, 4, 2)]
)
def test_a_minority_is_told_how_many_are_missing(count: int, away: int, missing: int) -> None:
    world = cluster(count)
    apart(world, *world.names[count - away :])
    outcome = world.save_now(world.nodes["n1"])
    assert isinstance(outcome, Short)
    assert outcome.missing == missing
    assert len(outcome.reached) == count - away
    assert not outcome.unsure
    assert isinstance(world.save_now(world.nodes["n1"], forced=True), Committed)


def test_a_save_that_was_sent_out_and_not_answered_is_unsure() -> None:
    world = cluster(3)
    world.deaf_to = messages.Accepted
    outcome = world.save_now(world.nodes["n1"])
    assert isinstance(outcome, Short)
    assert outcome.unsure
    world.deaf_to = None
    laws.after_healing(world)


def test_the_forced_epoch_wins_and_what_it_displaced_stays() -> None:
    world = cluster(3)
    apart(world, "n3")
    normal = [saved(world, "n1"), saved(world, "n2")]
    forced = saved(world, "n3", forced=True)
    assert (epochs.count(forced.epoch), forced.number) == (1, 2)
    world.heal()
    for node in world.nodes.values():
        assert node.disk.head == forced
        assert [r.hash for r in history.displaced(node.disk.history)] == [g.hash for g in normal]
    after = saved(world, "n2")
    assert (after.epoch, after.number, after.parent) == (forced.epoch, 3, forced.hash)
    laws.after_healing(world)


def test_force_with_a_majority_at_hand_displaces_nothing() -> None:
    """Somebody was acknowledged a moment ago, and this admin has not seen it."""
    world = cluster(3)
    n2 = world.nodes["n2"]
    base = n2.disk.head.order
    only = vote_only(world, "n1")
    apart(world, "n1")
    world.save(n2, world.wish(n2, base=base, forced=True))
    world.settle()
    outcome = world.outcomes[-1]
    assert isinstance(outcome, Conflict)
    assert outcome.head == only
    laws.after_healing(world)
    assert history.displaced(n2.disk.history) == ()


def test_both_sides_force_and_both_stay_in_the_history() -> None:
    world = cluster(4)
    apart(world, "n3", "n4")
    ones = [saved(world, name, forced=True) for name in ("n1", "n3")]
    laws.after_healing(world)
    known = world.nodes["n2"].disk.history
    assert [r.hash for r in history.displaced(known)] == [min(ones, key=lambda g: g.order).hash]


def test_two_sides_that_force_and_go_on_alone_share_no_place_in_the_history() -> None:
    """Each side removes the other's nodes and saves on: only the epoch tells the lines apart."""
    world = cluster(4)
    apart(world, "n3", "n4")
    for names in (("n1", "n2"), ("n3", "n4")):
        node = world.nodes[names[0]]
        here = {name: world.nodes[name].disk.incarnation for name in names}
        for forced in (True, False):
            wish = world.wish(node, base=node.disk.head.order, forced=forced)
            world.save(node, replace(wish, voters=here))
            world.settle()
            assert isinstance(world.outcomes[-1], Committed)
    one, other = (world.nodes[name].disk.head for name in ("n1", "n3"))
    assert epochs.count(one.epoch) == epochs.count(other.epoch) == 1
    assert one.number == other.number == 3
    laws.after_healing(world)


def test_two_admins_force_on_one_side_and_one_is_told_of_the_other() -> None:
    for seed in range(20):
        world = cluster(4)
        world.random = Random(seed)
        apart(world, "n3", "n4")
        for name in ("n1", "n2"):
            node = world.nodes[name]
            world.save(node, world.wish(node, base=node.disk.head.order, forced=True))
        world.random.shuffle(world.network)
        world.settle()
        kinds = sorted(type(outcome).__name__ for outcome in world.outcomes[1:])
        assert kinds == ["Committed", "Conflict"]
        laws.after_healing(world)


def test_a_node_whose_voters_are_all_gone_can_be_forced() -> None:
    world = cluster(2)
    n1, n2 = world.nodes["n1"], world.nodes["n2"]
    burnt = msgspec.structs.replace(
        world.wish(n1, base=n1.disk.head.order).after(n1.disk.head, epoch=1),
        voters={"n1": "a disk that burnt"},
    )
    for node in (n1, n2):
        world.send(n1, node.name, Learn(generation=burnt))
    world.settle()
    assert isinstance(world.save_now(n2), Short)
    assert saved(world, "n2", forced=True).voters["n2"] == n2.disk.incarnation
    laws.after_healing(world)
