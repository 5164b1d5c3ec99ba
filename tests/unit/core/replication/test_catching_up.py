from __future__ import annotations

import msgspec

from lvsm.core.replication import history
from lvsm.core.replication.catching_up import (
    MOST_BYTES,
    deliver,
    is_behind,
    next_word,
    status,
)
from lvsm.core.replication.disk import committed, fresh
from lvsm.core.replication.messages import Inventory, Learn, Want
from tests.simulation import laws
from tests.unit.core.replication.stories import apart, cluster, saved


def test_a_node_that_was_away_for_long_gets_every_generation() -> None:
    world = cluster(3)
    apart(world, "n3")
    for _ in range(200):
        saved(world, "n1")
    world.heal()
    assert len(world.nodes["n3"].disk.history) == 201
    laws.after_healing(world)


def test_a_file_that_cannot_be_read_does_not_keep_two_nodes_busy() -> None:
    world = cluster(2)
    damaged = world.nodes["n1"].disk.head
    for _ in range(3):
        saved(world, "n1")
    n1, n2 = world.nodes["n1"], world.nodes["n2"]
    world.lose_disk(n2)
    del n1.files[damaged.hash]
    world.gossip()  # comes to an end
    assert set(n1.disk.history) - set(n2.disk.history) == {damaged.hash}
    assert n2.disk.head == n1.disk.head


def test_nodes_that_are_equal_have_nothing_to_say() -> None:
    n1, n2 = cluster(2).nodes.values()
    assert next_word(n1.disk, status(n2.disk)) is None
    assert not is_behind(n1.disk, (n2.disk.head.order,))


def test_who_is_behind_is_told_the_head_first_and_the_rest_then() -> None:
    world = cluster(2)
    n1 = world.nodes["n1"]
    blank = fresh("n2", "new", world.names)
    assert next_word(n1.disk, status(blank)) == Learn(generation=n1.disk.head)
    assert next_word(blank, status(n1.disk)) == Inventory(records=())
    assert is_behind(blank, (n1.disk.head.order,))


def test_large_generations_come_one_by_one() -> None:
    disk = fresh("n1", "a", ("n1",))
    made = [
        msgspec.structs.replace(disk.head, number=n, text="x" * (MOST_BYTES - 1000 * n))
        for n in (1, 2, 3)
    ]
    for generation in made:
        disk = committed(disk, generation).disk
    files = {generation.hash: generation for generation in made}
    want = Want(hashes=tuple(files))
    assert [d.generation for d in deliver(disk, want, files.get).generations] == made[:1]
    none = deliver(disk, Want(hashes=("0" * 64,)), files.get)
    assert none.generations == ()
    assert history.lacking(disk.history, history.inventory(disk.history), most=9) == ()
