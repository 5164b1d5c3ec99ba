"""Trouble for a cluster, drawn from a seeded source: a history is what `run` makes of a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate, permutations
from random import Random
from typing import Any

from lvsm.core.generation import Generation
from lvsm.core.replication.confirming import Course, applied, confirmation
from lvsm.core.replication.disk import genesis
from lvsm.core.replication.joining import can_decide
from lvsm.core.replication.proposal import Patience, TimedOut
from lvsm.core.replication.wishes import Wish
from tests.simulation import laws
from tests.simulation import tally as states
from tests.simulation.machines import Crash, Node
from tests.simulation.world import World

Trouble = Callable[[World], None]


def deliver(world: World) -> None:
    """Some message arrives: any of them, perhaps not for the last time, perhaps never."""
    network, random = world.network, world.random
    if not network:
        return
    index = int(random.random() * len(network))
    message = network[index]
    world.tally[states.NETWORK, "overtook"] += index > 0
    if random.random() < 0.1:
        world.tally[states.NETWORK, "repeated"] += 1
    else:
        del network[index]
    if random.random() < world.loss:
        world.tally[states.NETWORK, "lost"] += 1
    else:
        world.deliver(*message)


def burst(world: World) -> None:
    """The next messages arrive in their order."""
    for _ in range(min(len(world.network), int(world.random.random() * 20))):
        world.deliver(*world.network.pop(0))


def time_passes(world: World) -> None:
    """Some proposer's patience is over."""
    node = some(world)
    if node is not None and node.proposals:
        world.feed(node, world.random.choice(list(node.proposals)), TimedOut())


def save(world: World) -> None:
    """An admin saves, some times from what another node has."""
    node = some(world)
    if node is None:
        return
    base = node.disk.head.order
    if world.random.random() < 0.1:
        other = world.nodes[world.random.choice(world.names)].disk.head.order
        base, old = other, other != base
        world.tally[states.SAVED, "from an old base"] += old
    begin(world, node, world.wish(node, base=base), "normal")


def save_twice(world: World) -> None:
    """Two admins at once, on different nodes or the same."""
    world.note(states.SAVED, "two at once")
    save(world)
    save(world)


def force(world: World) -> None:
    """An admin forces a Save, some times in two parts of the cluster at once."""
    for _ in range(1 + (world.random.random() < 0.3)):
        node = some(world)
        if node is not None:
            wish = world.wish(node, base=node.disk.head.order, forced=True)
            begin(world, node, wish, "forced")


def force_over_a_vote(world: World) -> None:
    """A node that voted is alone, and its admin forces another Save than it has voted for."""
    voted = [n for n in world.nodes.values() if n.up and n.disk.unfinished]
    if not voted:
        return
    node = world.random.choice(voted)
    world.groups = {name: int(name == node.name) for name in world.names}
    begin(world, node, world.wish(node, base=node.disk.head.order, forced=True), "forced")
    for _ in range(6):
        own = [m for m in world.network if m[0] == m[1] == node.name]
        world.network = [m for m in world.network if not m[0] == m[1] == node.name]
        for message in own:
            world.deliver(*message)
        for run in list(node.proposals):
            world.feed(node, run, TimedOut())


def change_voters(world: World) -> None:
    """A Save that takes nodes out of the configuration, or brings them back."""
    node = some(world)
    if node is None:
        return
    names = world.random.sample(world.names, world.random.randint(1, len(world.names)))
    forced = world.random.random() < 0.2
    wish = world.wish(node, base=node.disk.head.order, forced=forced, names=tuple(sorted(names)))
    before = set(node.disk.head.voters)
    world.tally[states.SAVED, "voters removed"] += bool(before - set(names))
    world.tally[states.SAVED, "voters added"] += bool(set(names) - before)
    begin(world, node, wish, "forced" if forced else "normal")


def save_to_confirm(world: World) -> None:
    """A Save that somebody has to confirm."""
    node = some(world)
    if node is not None:
        wish = world.wish(node, base=node.disk.head.order)
        begin(world, node, replace(wish, confirm_by=wish.saved_at + 60), "to be confirmed")


def settle_it(world: World) -> None:
    """The newest Save is confirmed, or its time is up, on some nodes both."""
    nodes = [n for n in world.nodes.values() if n.up and n.disk.head.confirm_by is not None]
    for node in nodes:
        parent = node.files.get(node.disk.head.parent)
        if parent is None and node.disk.head.number == 1:
            parent = genesis(world.members)
        if world.random.random() < 0.5 or parent is None:
            confirm(world, node)
        else:
            roll_back(world, node, parent)


def confirm(world: World, node: Node) -> None:
    head = node.disk.head
    wish = confirmation(
        head,
        request=f"confirm {head.hash} {world.random.random()}",
        author="admin",
        node=node.name,
        now=head.saved_at,
        voters=head.voters,
    )
    begin(world, node, wish, "confirmation")


def roll_back(world: World, node: Node, parent: Generation) -> None:
    head = node.disk.head
    due = head.confirm_by or 0.0
    majority = laws.served(world, node).saves
    if applied(head, parent, now=due, majority=majority).course is Course.ROLL_BACK:
        wish = world.parts.roll_back(
            head, parent, node=node.name, now=due, voters=dict(head.voters)
        )
        begin(world, node, wish, "roll-back")


def ask_again(world: World) -> None:
    """A client whose connection broke asks the same once more, perhaps another node."""
    node = some(world)
    if node is not None and world.wishes:
        wish = world.random.choice(list(world.wishes.values()))
        begin(world, node, wish, "the same once more")


def finish(world: World) -> None:
    """A node looks after what was begun."""
    node = some(world)
    if node is not None:
        world.note(states.SAVED, "to finish what was begun")
        world.save(node, None)


def begin(world: World, node: Node, wish: Wish, kind: str) -> None:
    if can_decide(wish.voters, forced=wish.forced):
        world.note(states.SAVED, kind)
        world.save(node, wish)


def tell(world: World) -> None:
    """A node tells another one what it has."""
    node = some(world)
    if node is not None:
        to = world.random.choice([name for name in world.names if name != node.name])
        world.send(node, to, world.parts.status(node.disk))


def meet(world: World) -> None:
    """All nodes are within reach for a moment, and tell each other what they have."""
    rejoin(world)
    restart(world)
    for one, other in permutations(world.nodes.values(), 2):
        if one.up and world.random.random() < 0.5:
            world.send(one, other.name, world.parts.status(one.disk))
    for _ in range(6):
        arriving, world.network = world.network, []
        for message in arriving:
            world.deliver(*message)


def look(world: World) -> None:
    """Somebody looks whether what a node serves is the newest."""
    node = some(world)
    if node is not None:
        laws.confirmed_is_newest(world, node)


def crash(world: World) -> None:
    """The power goes while nothing happens."""
    node = some(world)
    if node is not None:
        world.note(states.CRASHED, "while idle")
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
    genesis = world.nodes[world.members[0]].disk.genesis
    up = [n for n in world.nodes.values() if n.up and n.disk.genesis == genesis]
    return world.random.choice(up) if up else None


TROUBLES: dict[Trouble, int] = {
    deliver: 90,
    burst: 14,
    time_passes: 16,
    save: 10,
    save_twice: 3,
    force: 4,
    force_over_a_vote: 1,
    change_voters: 2,
    save_to_confirm: 2,
    settle_it: 4,
    ask_again: 2,
    finish: 3,
    tell: 6,
    meet: 1,
    look: 3,
    crash: 2,
    restart: 8,
    partition: 3,
    rejoin: 4,
    lose_disk: 2,
}

Weights = Mapping[Trouble, int]

LOSSES: Weights = {force: 10, lose_disk: 20, crash: 6, tell: 20}
"""More forced Saves, lost disks and crashes than normal ones."""
FORCES: Weights = {save: 14, force: 12, partition: 10, rejoin: 4, meet: 4}
"""Admins who force on both sides of a partition."""
DOUBTS: Weights = {save: 2, save_twice: 1, force: 1, save_to_confirm: 12, settle_it: 20}
"""Saves that have to be confirmed."""
CROWDS: Weights = {save_twice: 8, time_passes: 40}
"""Many at once."""
CHANGES: Weights = {change_voters: 16}
"""Nodes that come and go."""

MOODS: tuple[Weights, ...] = ({}, {}, LOSSES, FORCES, DOUBTS, CROWDS, CHANGES)
SHORT_PATIENCE = Patience(attempts=3, resends=1)

ALONE = (tell, meet, lose_disk)
"""What one node alone cannot do, or must not suffer."""


def run(
    seed: int,
    *,
    nodes: int = 0,
    steps: int = 0,
    more: Weights | None = None,
    heal: bool = True,
    **how: Any,
) -> World:
    """A cluster after so many steps of trouble, its laws held at each, and healed at the end.

    `more` gives some troubles another weight, in place of a mood that the seed draws; `how` goes to
    the World.
    """
    random = Random(seed)
    count = nodes or random.choice((1, 2, 3, 3, 3, 4, 5))
    names = tuple(f"n{index}" for index in range(1, count + 1))
    outside = count > 2 and nodes == 0 and random.random() < 0.1
    mood = random.choice(MOODS)
    steps = steps or random.choice(STEPS)
    how = {"mean_fuse": 60, "wire": seed % 40 == 0, "patience": SHORT_PATIENCE, **how}
    world = World(
        random=random,
        names=names,
        members=names[:-1] if outside else names,
        watch=laws.head_rises,
        **how,
    )
    for trouble in drawn(random, mood if more is None else more, steps, alone=count == 1):
        if world.trace is not None:
            world.trace(f"# {trouble.__name__}")
        with suppress(Crash):
            trouble(world)
    for _ in range(3 if random.random() < 0.3 and count > 1 else 0):
        with suppress(Crash):
            meet(world)
    laws.one_successor(world)
    if heal:
        laws.after_healing(world)
    laws.count_history(world)
    return world


STEPS = (16, 24, 32, 48, 72)
"""How long a history is."""


def drawn(random: Random, more: Weights, steps: int, *, alone: bool) -> list[Trouble]:
    """So many troubles."""
    weights = {t: w for t, w in {**TROUBLES, **more}.items() if not (alone and t in ALONE)}
    return random.choices(list(weights), cum_weights=list(accumulate(weights.values())), k=steps)
