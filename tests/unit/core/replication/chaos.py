"""Trouble for a cluster, drawn from a seeded source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any

from lvsm.core.replication import catching_up
from lvsm.core.replication.proposal import TimedOut
from tests.unit.core.replication import laws
from tests.unit.core.replication.world import Crash, Node, World


def deliver(world: World) -> None:
    """Some message arrives: any of them, perhaps not for the last time, perhaps never."""
    if not world.network:
        return
    index = world.random.randrange(len(world.network))
    message = world.network[index]
    if world.random.random() >= 0.1:
        del world.network[index]
    if world.random.random() >= world.loss:
        world.deliver(*message)


def burst(world: World) -> None:
    """The next messages arrive in their order."""
    for _ in range(min(len(world.network), world.random.randrange(20))):
        world.deliver(*world.network.pop(0))


def time_passes(world: World) -> None:
    node = some(world)
    if node is not None and node.proposals:
        world.feed(node, world.random.choice(list(node.proposals)), TimedOut())


def save(world: World) -> None:
    node = some(world)
    if node is None:
        return
    base = node.disk.head.order
    if world.random.random() < 0.1:
        base = world.random.choice([other.disk.head.order for other in world.nodes.values()])
    start(world, node, base=base)


def save_twice(world: World) -> None:
    """Two admins at once, on different nodes or the same."""
    save(world)
    save(world)


def force(world: World) -> None:
    node = some(world)
    if node is not None:
        start(world, node, base=node.disk.head.order, forced=True)


def start(world: World, node: Node, **how: Any) -> None:
    shrink = world.random.randint(1, len(world.names)) if world.random.random() < 0.1 else 0
    wish = world.wish(node, voters=shrink, **how)
    known = sum(1 for incarnation in wish.voters.values() if incarnation)
    if known >= (1 if wish.forced else len(wish.voters) // 2 + 1):
        world.save(node, wish)


def finish(world: World) -> None:
    node = some(world)
    if node is not None:
        world.save(node, None)


def tell(world: World) -> None:
    node = some(world)
    if node is not None:
        to = world.random.choice([name for name in world.names if name != node.name])
        world.send(node, to, catching_up.status(node.disk))


def crash(world: World) -> None:
    node = some(world)
    if node is not None and world.crashes:
        world.crash(node)


def restart(world: World) -> None:
    for node in world.nodes.values():
        if not node.up and world.random.random() < 0.5:
            world.restart(node)


def partition(world: World) -> None:
    world.groups = {name: world.random.randrange(2) for name in world.names}


def rejoin(world: World) -> None:
    world.groups = dict.fromkeys(world.names, 0)


def lose_disk(world: World) -> None:
    """Once, and only a disk that is not the last one to have something.

    Generation 1 has to be known everywhere: after generation 0 any incarnation votes.
    """
    node = world.nodes[world.random.choice(world.names)]
    others = [other for other in world.nodes.values() if other is not node]
    elsewhere = set().union(*(other.holdings() for other in others))
    if world.disks_lost or not node.holdings() <= elsewhere:
        return
    if all(other.disk.head.number > 0 for other in others):
        world.lose_disk(node)


def some(world: World) -> Node | None:
    up = [node for node in world.nodes.values() if node.up]
    return world.random.choice(up) if up else None


TROUBLES: dict[Callable[[World], None], int] = {
    deliver: 120,
    burst: 12,
    time_passes: 25,
    save: 12,
    save_twice: 3,
    force: 4,
    finish: 3,
    tell: 8,
    crash: 2,
    restart: 6,
    partition: 2,
    rejoin: 3,
    lose_disk: 1,
}


def run(
    seed: int,
    *,
    nodes: int = 0,
    steps: int = 400,
    more: Mapping[Callable[[World], None], int] = MappingProxyType({}),
    heal: bool = True,
    **how: Any,
) -> World:
    """A cluster after so many steps of trouble, its laws held at each, and healed at the end.

    `more` gives some troubles another weight; `how` goes to the World.
    """
    random = Random(seed)
    count = nodes or random.choice((1, 2, 3, 3, 4, 5))
    names = tuple(f"n{index}" for index in range(1, count + 1))
    world = World(random=random, names=names, watch=laws.head_rises, **how)
    alone = () if count > 1 else (tell, lose_disk)
    troubles = {t: w for t, w in {**TROUBLES, **more}.items() if t not in alone}
    for trouble in random.choices(list(troubles), weights=list(troubles.values()), k=steps):
        try:
            trouble(world)
        except Crash:
            continue
    laws.one_successor(world)
    if heal:
        laws.after_healing(world)
    return world
