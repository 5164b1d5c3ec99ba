"""A node that was away gets what it lacks.

The conversation: from time to time a node tells another its `status`. Who hears it answers with its
head when that is newer, else with its inventory when the histories differ; inventory is answered by
want, want by deliver, deliver and learn by the status again, until the histories are equal.
Law: at every step each side's history only grows, so it may be broken off anywhere; a step that
brings nothing new is not answered, so it comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable

from lvsm.core.generation import Generation, Order, encode
from lvsm.core.replication import history
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.messages import Deliver, Delivered, Inventory, Learn, Learned, Want

MOST_BYTES = 4 * 1024 * 1024
"""What a node delivers at a time, though always one generation at least."""


def status(disk: Disk) -> Learned:
    """This node's head, the digest of its history, and whether it has a vote."""
    return Learned(
        head=disk.head.order,
        digest=history.digest(disk.history),
        unfinished=disk.unfinished,
    )


def next_word(disk: Disk, heard: Learned) -> Learn | Inventory | None:
    """What to say to a node with that head and digest; None when it has what this one has."""
    if heard.digest == history.digest(disk.history):
        return None
    if heard.head < disk.head.order:
        return Learn(generation=disk.head)
    return Inventory(records=history.inventory(disk.history))


def deliver(disk: Disk, want: Want, load: Callable[[str], Generation | None]) -> Deliver:
    """The wanted generations; `load` reads one by its hash, None when it cannot be read.

    Not all at once where they are large: what is left out is asked for again.
    """
    found: list[Delivered] = []
    size = 0
    for key in want.hashes:
        known = disk.history.get(key)
        generation = load(key) if known is not None else None
        if known is None or generation is None:
            continue
        size += len(encode(generation))
        if found and size > MOST_BYTES:
            break
        found.append(Delivered(generation=generation, decided=known.decided))
    return Deliver(generations=tuple(found))


def is_behind(disk: Disk, heads: tuple[Order, ...]) -> bool:
    """Whether some node has a newer head: then this one catches up before it serves."""
    return any(head > disk.head.order for head in heads)
