"""A node that votes: (disk, message) -> (disk', reply).

Law: the reply may only be sent after disk' is durable (`disk.Step` says in which order). A node
promises ballots that only rise, accepts no ballot below its promise, and accepts nothing normal
after what was forced. Every message may come twice, late, or in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from lvsm.core import epochs
from lvsm.core.generation import Generation
from lvsm.core.operations import Value
from lvsm.core.replication import history
from lvsm.core.replication.catching_up import next_word, status
from lvsm.core.replication.disk import Disk, Step, Vote, committed, doubtful, voted
from lvsm.core.replication.joining import invited, joined, may_vote
from lvsm.core.replication.messages import (
    MOST_WANTED,
    Accept,
    Accepted,
    Behind,
    Deliver,
    Disqualified,
    Envelope,
    Inventory,
    Learn,
    Learned,
    Message,
    Outbid,
    Prepare,
    Promise,
    Refusal,
    Stranger,
    Superseded,
    Unfit,
    Want,
)


class Answer(Value, frozen=True, kw_only=True):
    """What to make durable, and what to send back then; None for nothing."""

    step: Step
    reply: Message | None = None


def answer(disk: Disk, envelope: Envelope) -> Answer:
    """What a node does with a message; those that are answers themselves change nothing here."""
    message = envelope.message
    if envelope.genesis != disk.genesis:
        if not (isinstance(message, Learn) and invited(disk, message.generation)):
            return Answer(step=Step(disk=disk), reply=_to_stranger(disk, envelope))
        disk = joined(disk, envelope.genesis)
    handler = _HANDLERS.get(type(message))
    return Answer(step=Step(disk=disk)) if handler is None else handler(disk, message)


def _to_stranger(disk: Disk, envelope: Envelope) -> Message | None:
    """A node that the head names as a voter is invited, any other one refused, once."""
    if isinstance(envelope.message, Stranger):
        return None
    if isinstance(envelope.message, Learned) and envelope.sender in disk.head.voters:
        return Learn(generation=disk.head) if disk.head.number > 0 else Stranger()
    return Stranger()


def _prepare(disk: Disk, message: Prepare) -> Answer:
    refusal = _refusal(disk, message)
    if refusal is not None:
        return Answer(step=Step(disk=disk), reply=refusal)
    promised = msgspec.structs.replace(disk, promised=message.ballot)
    reply = Promise(parent=message.parent, ballot=message.ballot, epoch=disk.epoch, vote=disk.vote)
    return Answer(step=Step(disk=promised), reply=reply)


def _accept(disk: Disk, message: Accept) -> Answer:
    refusal = _refusal(disk, message) or _unfit(disk, message) or _forced(disk, message)
    if refusal is not None:
        return Answer(step=Step(disk=disk), reply=refusal)
    step = voted(disk, Vote(ballot=message.ballot, generation=message.generation))
    return Answer(step=step, reply=Accepted(parent=message.parent, ballot=message.ballot))


def _refusal(disk: Disk, message: Prepare | Accept) -> Refusal | None:
    """Why this node cannot vote on what follows `message.parent`, None when it can."""
    parent, ballot, here = message.parent, message.ballot, disk.head.order
    if here > parent:
        return Superseded(parent=parent, ballot=ballot, head=disk.head)
    if here < parent:
        return Behind(parent=parent, ballot=ballot, head=here)
    if not _is_forced(message) and not may_vote(disk.head, disk.me, disk.incarnation):
        admitted = disk.head.voters.get(disk.me)
        return Disqualified(parent=parent, ballot=ballot, admitted=admitted)
    if ballot < disk.promised:
        return Outbid(parent=parent, ballot=ballot, promised=disk.promised)
    return None


def _is_forced(message: Prepare | Accept) -> bool:
    if isinstance(message, Prepare):
        return message.forced
    return message.generation.epoch > message.parent[0]


def _unfit(disk: Disk, message: Accept) -> Unfit | None:
    reason = unfit(disk.head, message.generation)
    if reason is None:
        return None
    return Unfit(parent=message.parent, ballot=message.ballot, reason=reason)


def unfit(parent: Generation, child: Generation) -> str | None:
    """Why `child` cannot follow `parent`, None when it can."""
    if child.parent != parent.hash:
        return "its parent is another generation"
    if child.number != parent.number + 1:
        return f"its number is {child.number}, not {parent.number + 1}"
    if child.epoch < parent.epoch:
        return f"its epoch is {child.epoch}, before {parent.epoch}"
    return None if child.voters else "it names no voter"


def _forced(disk: Disk, message: Accept) -> Outbid | None:
    """A vote for a forced Save does not give way to a normal one."""
    forced = epochs.count(message.generation.epoch)
    if disk.vote is None or epochs.count(disk.vote.generation.epoch) <= forced:
        return None
    return Outbid(parent=message.parent, ballot=message.ballot, promised=disk.vote.ballot)


def _learn(disk: Disk, message: Learn) -> Answer:
    step = committed(disk, message.generation)
    return Answer(step=step, reply=status(step.disk))


def _learned(disk: Disk, message: Learned) -> Answer:
    return Answer(step=Step(disk=disk), reply=next_word(disk, message))


def _inventory(disk: Disk, message: Inventory) -> Answer:
    hashes = history.lacking(disk.history, message.records, most=MOST_WANTED)
    return Answer(step=Step(disk=disk), reply=Want(hashes=hashes) if hashes else None)


def _deliver(disk: Disk, message: Deliver) -> Answer:
    """Take what came; nothing is answered when nothing did, lest two nodes go on for ever."""
    keep: tuple[Generation, ...] = ()
    for delivered in message.generations:
        take = committed if delivered.decided else doubtful
        step = take(disk, delivered.generation)
        disk, keep = step.disk, keep + step.keep
    return Answer(step=Step(disk=disk, keep=keep), reply=status(disk) if keep else None)


_HANDLERS: Mapping[type, Callable[[Disk, Any], Answer]] = {
    Prepare: _prepare,
    Accept: _accept,
    Learn: _learn,
    Learned: _learned,
    Inventory: _inventory,
    Deliver: _deliver,
}
"""What a node does something about; the rest are a proposer's answers. A want is answered by who
has the files: `catching_up.deliver`."""
