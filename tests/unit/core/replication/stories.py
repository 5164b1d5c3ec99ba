"""What stories of clusters are told with; chaos meets those seldom."""

from __future__ import annotations

from random import Random
from typing import Any

from lvsm.core.generation import Generation
from lvsm.core.replication.outcomes import Committed
from tests.simulation import laws
from tests.simulation.parts import SOUND, Parts
from tests.simulation.world import World


def cluster(count: int, parts: Parts = SOUND) -> World:
    """So many nodes in quiet times, generation 1 on all of them."""
    names = tuple(f"n{index}" for index in range(1, count + 1))
    world = World(random=Random(0), names=names, watch=laws.head_rises, parts=parts)
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
