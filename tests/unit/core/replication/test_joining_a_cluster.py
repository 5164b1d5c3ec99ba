"""Machines that are added, and those of another cluster."""

from __future__ import annotations

from lvsm.core.replication.disk import fresh
from lvsm.core.replication.outcomes import Committed, Short
from tests.simulation import laws
from tests.simulation.machines import Node
from tests.simulation.world import World
from tests.unit.core.replication.stories import apart, cluster, saved


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
