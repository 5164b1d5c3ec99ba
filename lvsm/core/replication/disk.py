"""What a node must not forget, and how a decided generation changes it.

Law: the head's order only rises. A vote is given for the successor of the head only, and with a new
head the promise and the vote start afresh, because a node never votes again for the successor of a
generation that it has left. A vote that may have been counted is kept in the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.generation import Epoch, Generation, Hash
from lvsm.core.operations import Value
from lvsm.core.replication.ballots import NEVER, Ballot, Name
from lvsm.core.replication.history import Record, remember

VERSION = 1


class BadDiskError(LvsmError):
    """Bytes that are no replication state of a version that this program reads."""

    code = "bad-replication-state"


class Vote(Value, frozen=True, kw_only=True):
    """A generation that was accepted, and the ballot under which it was."""

    ballot: Ballot
    generation: Generation


class Disk(Value, frozen=True, kw_only=True):
    """One node's durable state.

    `head` is the newest committed generation. `promised` is the ballot below which nothing is
    accepted, `vote` what was accepted last; both are about the head's successor. `epoch` is the
    highest one that this node has met in any generation. `incarnation` is an id that was drawn when
    this disk was empty. `history` does not hold generation 0.
    """

    me: Name
    incarnation: Name
    genesis: Hash
    head: Generation
    epoch: Epoch = 1
    promised: Ballot = NEVER
    vote: Vote | None = None
    history: dict[str, Record] = msgspec.field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        """Whether something was begun that may have been acknowledged, and its end is not known.

        A node where this stays so for some seconds, or that starts with it, runs a proposer without
        a wish; until that or the next Save has finished it, the vote is part of the history.
        """
        return self.vote is not None

    @property
    def blank(self) -> bool:
        """Whether this disk has seen nothing yet, so that nothing can be lost with it."""
        return not self.history and self.promised == NEVER and self.vote is None


class Step(Value, frozen=True, kw_only=True):
    """A new disk, and the generations that must be durable before it is.

    Law for who performs it: first `keep`, then `disk`, both durable; only then anything is sent.
    """

    disk: Disk
    keep: tuple[Generation, ...] = ()


def genesis_id(members: Iterable[str]) -> str:
    """The cluster's id: a hash over ha.cf's node names, in any order."""
    return sha256("\n".join(sorted(set(members))).encode()).hexdigest()


def genesis(members: Iterable[str]) -> Generation:
    """Generation 0 of a cluster of those nodes: the empty configuration, any incarnation votes."""
    return Generation(number=0, text="", voters=dict.fromkeys(sorted(set(members)), ""))


def fresh(me: str, incarnation: str, members: Iterable[str]) -> Disk:
    """The state of a node that starts for the first time, or has lost its disk."""
    names = tuple(members)
    return Disk(me=me, incarnation=incarnation, genesis=genesis_id(names), head=genesis(names))


def committed(disk: Disk, generation: Generation) -> Step:
    """A generation was decided: it becomes the head if it is newer, and history in any case."""
    history = remember(disk.history, generation, decided=True)
    epoch = max(disk.epoch, generation.epoch)
    if generation.order <= disk.head.order:
        if history == disk.history or generation.number == 0:
            return Step(disk=disk if epoch == disk.epoch else _with(disk, disk.history, epoch))
        return Step(disk=_with(disk, history, epoch), keep=(generation,))
    left = _left_behind(disk, generation)
    for vote in left:
        history = remember(history, vote, decided=False)
    moved = msgspec.structs.replace(
        disk, head=generation, promised=NEVER, vote=None, history=history, epoch=epoch
    )
    return Step(disk=moved, keep=(*left, generation))


def doubtful(disk: Disk, generation: Generation) -> Step:
    """Somebody voted for a generation and nobody knows more: it is history, never the head."""
    history = remember(disk.history, generation, decided=False)
    keep = () if generation.hash in disk.history else (generation,)
    return Step(disk=_with(disk, history, max(disk.epoch, generation.epoch)), keep=keep)


def voted(disk: Disk, vote: Vote) -> Step:
    """Accept a generation; one of an earlier epoch that it takes the place of stays in history."""
    before = disk.vote.generation if disk.vote is not None else None
    history = disk.history
    keep: tuple[Generation, ...] = ()
    forced = vote.generation.epoch > disk.head.epoch
    if forced and before is not None and before.hash != vote.generation.hash:
        history, keep = remember(history, before, decided=False), (before,)
    new = msgspec.structs.replace(
        disk,
        promised=vote.ballot,
        vote=vote,
        history=history,
        epoch=max(disk.epoch, vote.generation.epoch),
    )
    return Step(disk=new, keep=keep)


def _left_behind(disk: Disk, head: Generation) -> tuple[Generation, ...]:
    """The vote that may have been counted for something else than the new head.

    It was not counted when the head is the normal successor and so was the vote: there is only one.
    """
    if disk.vote is None or disk.vote.generation.hash == head.hash:
        return ()
    epochs = {disk.head.epoch, head.epoch, disk.vote.generation.epoch}
    if head.parent == disk.head.hash and len(epochs) == 1:
        return ()
    return (disk.vote.generation,)


def _with(disk: Disk, history: dict[str, Record], epoch: int) -> Disk:
    return msgspec.structs.replace(disk, history=history, epoch=epoch)


class _Saved(Value, frozen=True, kw_only=True):
    version: int
    disk: Disk


def encode(disk: Disk) -> bytes:
    """The state as bytes."""
    return msgspec.json.encode(_Saved(version=VERSION, disk=disk), order="sorted")


def decode(data: bytes) -> Disk:
    """The state in `data`; raises BadDiskError with the place of what is wrong."""
    try:
        saved = msgspec.json.decode(data, type=_Saved)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadDiskError(f"no replication state: {error}") from error
    if saved.version != VERSION:
        raise BadDiskError(
            f"replication state of version {saved.version}, this program reads {VERSION}"
        )
    return saved.disk
