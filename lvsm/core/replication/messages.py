"""What nodes say to each other about Saves, as JSON documents of a stated version.

Law: a document is read strictly. A field too many, too few, of another type or out of range is
refused with its place, and a document of another version with both versions, before anything else
of it is looked at. `decode(encode(x)) == x`. The documents of version 1 are recorded beside the
tests: what a released version sends, later ones have to read.

Requests are prepare, accept, learn, want; the others answer. `parent` is the place of the
generation whose successor is being decided, and with `ballot` it tells which request is answered.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.generation import Epoch, Generation, Hash, Order
from lvsm.core.operations import Value
from lvsm.core.replication.ballots import Ballot, Name
from lvsm.core.replication.disk import Vote
from lvsm.core.replication.history import Record

T = TypeVar("T")
VERSION = 1
MOST_WANTED = 64
"""Generations that are asked for at a time."""


class BadMessageError(LvsmError):
    """Bytes that are no message; `message-version` as code when the version is another one."""

    code = "bad-message"


class _Body(Value, frozen=True, kw_only=True, tag_field="kind"):
    """Root of what a message can be."""


class About(_Body, frozen=True, kw_only=True):
    """Root of the messages of one attempt to decide."""

    parent: Order
    ballot: Ballot


class Prepare(About, frozen=True, kw_only=True, tag="prepare"):
    """Promise not to accept anything below this ballot, and tell what you have accepted.

    Where it is `forced`, nodes without a vote promise too.
    """

    forced: bool = False


class Promise(About, frozen=True, kw_only=True, tag="promise"):
    """It is promised. `vote` is what was accepted before, `epoch` the highest one met."""

    epoch: Epoch
    vote: Vote | None = None


class Accept(About, frozen=True, kw_only=True, tag="accept"):
    """Accept this generation, durably."""

    generation: Generation


class Accepted(About, frozen=True, kw_only=True, tag="accepted"):
    """It is accepted, and will be after a power cut."""


class Superseded(About, frozen=True, kw_only=True, tag="superseded"):
    """No: a newer generation than `parent` is committed."""

    head: Generation


class Behind(About, frozen=True, kw_only=True, tag="behind"):
    """Not yet: `parent` is newer than this node's head. Send a learn first."""

    head: Order


class Outbid(About, frozen=True, kw_only=True, tag="outbid"):
    """No: a higher ballot is promised, or a forced Save is accepted; `promised` is its ballot."""

    promised: Ballot


class Disqualified(About, frozen=True, kw_only=True, tag="disqualified"):
    """No: this node's disk does not decide after `parent`.

    `admitted` is the incarnation that does, None when the node is no voter at all.
    """

    admitted: str | None = None


class Unfit(About, frozen=True, kw_only=True, tag="unfit"):
    """No: what was sent cannot follow `parent`; `reason` says why. The proposer has a bug."""

    reason: str


class Stranger(_Body, frozen=True, kw_only=True, tag="stranger"):
    """No: this node belongs to a cluster with another genesis, which the envelope tells."""


class Learn(_Body, frozen=True, kw_only=True, tag="learn"):
    """This generation is committed."""

    generation: Generation


class Learned(_Body, frozen=True, kw_only=True, tag="learned"):
    """Noted, durably: this node's head, the digest of its history, whether it has a vote."""

    head: Order
    digest: Hash
    unfinished: bool = False


class Inventory(_Body, frozen=True, kw_only=True, tag="inventory"):
    """Everything that this node's history names."""

    records: tuple[Record, ...]


class Want(_Body, frozen=True, kw_only=True, tag="want"):
    """Send the generations with these hashes."""

    hashes: tuple[Hash, ...]


class Delivered(Value, frozen=True, kw_only=True):
    """A generation with what is known of it; see `history.Record`."""

    generation: Generation
    decided: bool


class Deliver(_Body, frozen=True, kw_only=True, tag="deliver"):
    """Generations that were wanted, as many as there are."""

    generations: tuple[Delivered, ...]


Refusal: TypeAlias = Superseded | Behind | Outbid | Disqualified | Unfit | Stranger
Message: TypeAlias = (
    Prepare | Promise | Accept | Accepted | Refusal | Learn | Learned | Inventory | Want | Deliver
)


class Envelope(Value, frozen=True, kw_only=True):
    """A message with who sends it: node, incarnation of its disk, genesis of its cluster.

    Who receives it checks first that the `sender` is whom the connection belongs to.
    """

    version: int = VERSION
    genesis: Hash
    sender: Name
    incarnation: Name
    message: Message


class _Version(msgspec.Struct, frozen=True):
    version: int


def encode(envelope: Envelope) -> bytes:
    """A message as bytes, the same on every node (keys sorted)."""
    return msgspec.json.encode(envelope, order="sorted")


def decode(data: bytes) -> Envelope:
    """The message in `data`; raises BadMessageError with the place of what is wrong."""
    version = _read(data, _Version).version
    if version != VERSION:
        raise BadMessageError(
            f"a message of version {version}, this program speaks version {VERSION}",
            code="message-version",
        )
    return _read(data, Envelope)


def _read(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessageError(f"not a message: {error}") from error
