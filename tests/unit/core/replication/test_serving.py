from __future__ import annotations

import pytest

from lvsm.core.replication.catching_up import status
from lvsm.core.replication.disk import fresh
from lvsm.core.replication.serving import Heard, serving
from tests.simulation import chaos, laws


def test_what_is_confirmed_is_the_newest() -> None:
    """At any moment in any trouble: no acknowledged Save is newer than what a node calls confirmed.

    Without forced Saves, of which nobody on the far side of a partition can know.
    """
    confirmed = 0
    for seed in range(100):
        world = chaos.run(
            seed,
            steps=150,
            heal=False,
            more={chaos.force: 0, chaos.force_over_a_vote: 0, chaos.change_voters: 0},
        )
        for node in world.nodes.values():
            seen = laws.served(world, node)
            assert seen.generation == node.disk.head
            if seen.confirmed:
                confirmed += 1
                newer = [g for g in world.acknowledged.values() if g.order > node.disk.head.order]
                assert not newer, f"seed {seed}: {node.name} confirms what is old"
    assert confirmed > 50


@pytest.mark.parametrize(("count", "missing"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_a_node_alone_at_a_cold_start_serves_unconfirmed_and_refuses_saves(
    count: int, missing: int
) -> None:
    names = tuple(f"n{index}" for index in range(count))
    seen = serving(fresh("n0", "a", names), {})
    assert seen.missing == missing
    assert seen.saves is seen.confirmed is (missing == 0)


def test_a_node_that_is_behind_or_has_a_vote_to_finish_confirms_nothing() -> None:
    disk = fresh("n0", "a", ("n0", "n1"))
    word = status(disk)
    good = serving(disk, {"n1": Heard(incarnation="b", status=word)})
    assert good.confirmed
    newer = type(word)(head=(1, 1, "0" * 64), digest=word.digest)
    assert serving(disk, {"n1": Heard(incarnation="b", status=newer)}).behind
    voting = type(word)(head=word.head, digest=word.digest, unfinished=True)
    assert not serving(disk, {"n1": Heard(incarnation="b", status=voting)}).confirmed
    stranger = serving(disk, {"n7": Heard(incarnation="b", status=word)})
    assert stranger.missing == 1
