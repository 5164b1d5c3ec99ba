"""What a proposer began is finished by others, and it is told of its own."""

from __future__ import annotations

from lvsm.core.replication.outcomes import Committed, Conflict, settled
from lvsm.core.replication.proposal import Phase
from tests.simulation import laws
from tests.unit.core.replication.stories import cluster, saved, vote_only


def test_a_dead_proposers_save_is_finished_before_the_next_one() -> None:
    world = cluster(3)
    n1, n2 = world.nodes["n1"], world.nodes["n2"]
    head = n1.disk.head
    world.save(n1, world.wish(n1, base=head.order))
    while not n2.disk.vote:
        world.deliver(*world.network.pop(0))
    world.crash(n1)
    world.network.clear()
    outcome = world.save_now(n2)
    assert isinstance(outcome, Conflict)
    assert outcome.head.parent == head.hash
    assert outcome.head.node == "n1"
    laws.after_healing(world)


def test_who_finishes_without_a_wish_brings_the_vote_home() -> None:
    world = cluster(3)
    only = vote_only(world, "n1")
    n2 = world.nodes["n2"]
    assert n2.disk.head != only
    world.crash(world.nodes["n1"])
    world.save(n2, None)
    world.settle()
    assert n2.disk.head == only
    laws.after_healing(world)


def test_a_client_that_asks_again_is_told_of_its_own_save() -> None:
    world = cluster(3)
    n1, n2 = world.nodes["n1"], world.nodes["n2"]
    wish = world.wish(n1, base=n1.disk.head.order)
    world.save(n1, wish)
    world.settle()
    for node in (n1, n2):
        world.save(node, wish)
        world.settle()
        outcome = world.outcomes[-1]
        assert isinstance(outcome, Committed)
        assert outcome.generation.number == 2


def test_a_save_that_others_finished_and_built_upon_is_no_conflict() -> None:
    world = cluster(3)
    n1, n2 = world.nodes["n1"], world.nodes["n2"]
    run = world.save(n1, world.wish(n1, base=n1.disk.head.order))
    while not n2.disk.vote:
        world.deliver(*world.network.pop(0))
    world.network.clear()
    state = n1.proposals.pop(run)
    assert state.phase is Phase.ACCEPTING
    world.save(n2, None)
    world.settle()
    saved(world, "n2")
    n1.proposals[run] = state
    own = state.own
    assert own is not None
    world.settle()  # n1 asks again and hears of the second one
    outcome = world.outcomes[-1]
    assert isinstance(outcome, Committed)
    assert outcome.generation == own
    saved(world, "n3")
    late = Conflict(head=world.nodes["n1"].disk.head, tried=own.hash)
    assert settled(late, n1.disk.history, n1.files.get) == Committed(
        generation=own, nodes=frozenset()
    )
    assert settled(late, {}, n1.files.get) == late
