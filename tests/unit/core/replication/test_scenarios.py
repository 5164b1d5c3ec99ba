"""Stories that chaos meets seldom, told step by step; the worst with a broken protocol too."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest

from lvsm.core.generation import Generation
from lvsm.core.replication import acceptor, history, messages, proposer
from lvsm.core.replication.acceptor import Answer
from lvsm.core.replication.ballots import Ballot
from lvsm.core.replication.disk import Disk, Step, fresh
from lvsm.core.replication.messages import Accept, Envelope, Learn
from lvsm.core.replication.outcomes import Committed, Conflict, Short, settled
from lvsm.core.replication.proposal import Phase, Proposal
from tests.unit.core.replication import laws
from tests.unit.core.replication.world import Node, World

Answering = Callable[[Disk, Envelope], Answer]


def cluster(count: int, answering: Answering = acceptor.answer) -> World:
    """So many nodes in quiet times, generation 1 on all of them."""
    names = tuple(f"n{index}" for index in range(1, count + 1))
    world = World(
        random=Random(0), names=names, watch=laws.head_rises, crashes=False, answering=answering
    )
    assert isinstance(world.save_now(world.nodes["n1"]), Committed)
    world.gossip()
    return world


def apart(world: World, *alone: str) -> None:
    world.groups = {name: int(name in alone) for name in world.names}


def saved(world: World, name: str, **how: Any) -> Generation:
    outcome = world.save_now(world.nodes[name], **how)
    assert isinstance(outcome, Committed)
    return outcome.generation


def vote_only(world: World, name: str) -> Generation:
    """A Save that is acknowledged at `name`, of which the others keep no more than their votes."""
    kept = world.nodes[name]
    world.save(kept, world.wish(kept, base=kept.disk.head.order))
    before = len(world.acknowledged)
    while len(world.acknowledged) == before:
        world.deliver(*world.network.pop(0))
    world.network.clear()
    return kept.disk.head


# Disks that were lost


def a_lost_disk_does_not_vote(answering: Answering = acceptor.answer) -> World:
    world = cluster(3, answering)
    apart(world, "n3")
    saved(world, "n1")
    world.lose_disk(world.nodes["n2"])
    apart(world, "n1")
    world.gossip()
    outcome = world.save_now(world.nodes["n3"])
    laws.one_successor(world)
    assert isinstance(outcome, Short)
    assert outcome.lost == {"n2"}
    assert (outcome.missing, outcome.unsure) == (1, False)
    return world


def test_a_lost_disk_does_not_vote_until_a_save_admits_it() -> None:
    world = a_lost_disk_does_not_vote()
    apart(world)
    world.gossip()
    again = saved(world, "n1")
    assert again.voters["n2"] == world.nodes["n2"].disk.incarnation
    apart(world, "n1")
    saved(world, "n2")
    laws.after_healing(world)


def test_a_lost_disk_that_votes_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (acceptor, proposer):
        monkeypatch.setattr(module, "may_vote", _any)
    with pytest.raises(AssertionError, match="has successors"):
        a_lost_disk_does_not_vote()


def _any(generation: Generation, node: str, incarnation: str) -> bool:
    return True


def only_votes_are_left(answering: Answering = acceptor.answer) -> World:
    """The node that acknowledged loses its disk, another one forces: the votes keep the Save."""
    world = cluster(3, answering)
    apart(world, "n3")
    only = vote_only(world, "n1")
    world.lose_disk(world.nodes["n1"])
    saved(world, "n3", forced=True)
    laws.after_healing(world)
    known = world.nodes["n3"].disk.history
    assert not known[only.hash].decided
    assert only.hash in {record.hash for record in history.displaced(known)}
    return world


def drops_the_vote(disk: Disk, envelope: Envelope) -> Answer:
    if isinstance(envelope.message, Learn) and envelope.message.generation.order > disk.head.order:
        disk = msgspec.structs.replace(disk, vote=None)
    return acceptor.answer(disk, envelope)


def forgets_doubtful(disk: Disk, envelope: Envelope) -> Answer:
    answer = acceptor.answer(disk, envelope)
    after = answer.step.disk
    decided = {key: r for key, r in after.history.items() if r.decided}
    step = Step(disk=msgspec.structs.replace(after, history=decided), keep=answer.step.keep)
    return msgspec.structs.replace(answer, step=step)


def test_a_save_of_which_only_votes_are_left_is_in_the_history() -> None:
    only_votes_are_left()


@pytest.mark.parametrize("broken", [drops_the_vote, forgets_doubtful])
def test_a_node_that_forgets_votes_is_found_out(broken: Answering) -> None:
    with pytest.raises(AssertionError, match="lost an acknowledged Save"):
        only_votes_are_left(broken)


# Compare-and-set


def a_base_that_is_not_known_here() -> World:
    """The admin looked at a forced generation whose node is away now."""
    world = cluster(3)
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


def test_a_save_on_whatever_there_is_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(state: Proposal) -> Generation | None:
        assert state.wish is not None
        return state.wish.after(state.head, epoch=state.epoch)

    monkeypatch.setattr(Proposal, "chosen", blind)
    with pytest.raises(AssertionError, match="never saw"):
        a_base_that_is_not_known_here()


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


# Proposers that die, and Saves that are finished by others


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


# Too few nodes, and an admin's force


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
    assert (forced.epoch, forced.number) == (2, 2)
    world.heal()
    for node in world.nodes.values():
        assert node.disk.head == forced
        assert [r.hash for r in history.displaced(node.disk.history)] == [g.hash for g in normal]
    after = saved(world, "n2")
    assert (after.epoch, after.number, after.parent) == (2, 3, forced.hash)
    laws.after_healing(world)


def test_both_sides_force_and_both_stay_in_the_history() -> None:
    world = cluster(4)
    apart(world, "n3", "n4")
    ones = [saved(world, name, forced=True) for name in ("n1", "n3")]
    laws.after_healing(world)
    known = world.nodes["n2"].disk.history
    assert [r.hash for r in history.displaced(known)] == [min(ones, key=lambda g: g.order).hash]


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


# Joining


def add(world: World, name: str, *members: str) -> Node:
    world.nodes[name] = Node(disk=fresh(name, f"{name}-new", members))
    world.names = (*world.names, name)
    world.groups[name] = 0
    return world.nodes[name]


def test_a_machine_that_is_added_joins_when_a_save_names_it() -> None:
    world = cluster(2)
    n3 = add(world, "n3", "n1", "n2", "n3")
    world.gossip()
    assert n3.disk.blank
    saved(world, "n1")
    world.gossip()
    assert n3.disk.genesis == world.nodes["n1"].disk.genesis
    saved(world, "n3")
    laws.after_healing(world)


def test_clusters_with_another_genesis_refuse_each_other() -> None:
    world = cluster(2)
    other = add(world, "n3", "n3")
    saved(world, "n3")  # a cluster of its own has something to lose
    outcome = world.save_now(world.nodes["n1"])
    assert isinstance(outcome, Committed)
    world.gossip()
    assert other.disk.head.node == "n3"
    n1 = world.nodes["n1"]
    outcome = world.save_now(n1)
    apart(world, "n2")
    outcome = world.save_now(n1)
    assert isinstance(outcome, Short)
    assert outcome.strangers == {"n3"}


# Messages that a node has to refuse


def test_a_vote_for_what_cannot_follow_is_refused() -> None:
    world = cluster(1)
    n1 = world.nodes["n1"]
    head = n1.disk.head
    good = world.wish(n1, base=head.order).after(head, epoch=1)
    wrong: list[dict[str, Any]] = [{"parent": "0" * 64}, {"number": 9}, {"voters": {}}]
    for changes in wrong:
        bad = msgspec.structs.replace(good, **changes)
        ballot = Ballot(round=9, node="n1", run="x")
        message = Accept(parent=head.order, ballot=ballot, generation=bad)
        answer = acceptor.answer(n1.disk, n1.envelope(message))
        assert isinstance(answer.reply, messages.Unfit)
        assert answer.step == Step(disk=n1.disk)
