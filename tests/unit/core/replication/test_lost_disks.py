"""A disk that forgot its votes does not vote, and what only votes tell of is kept."""

from __future__ import annotations

import msgspec
import pytest

from lvsm.core.replication import acceptor, history
from lvsm.core.replication.acceptor import Answer
from lvsm.core.replication.disk import Disk, Step
from lvsm.core.replication.messages import Envelope, Learn
from lvsm.core.replication.outcomes import Short
from tests.simulation import laws
from tests.simulation.mutants import Answering, takes_any_disk, votes_without_memory
from tests.simulation.parts import SOUND, Parts
from tests.simulation.world import World
from tests.unit.core.replication.stories import apart, cluster, saved, vote_only


def a_lost_disk_does_not_vote(parts: Parts = SOUND) -> World:
    world = cluster(3, parts)
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


def test_a_lost_disk_that_votes_is_found_out() -> None:
    with pytest.raises(AssertionError, match="has successors"):
        a_lost_disk_does_not_vote(Parts(answer=votes_without_memory, step=takes_any_disk))


def only_votes_are_left(parts: Parts = SOUND) -> World:
    """The node that acknowledged loses its disk, another one forces: the votes keep the Save."""
    world = cluster(3, parts)
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
        only_votes_are_left(Parts(answer=broken))
