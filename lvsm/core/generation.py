"""A saved configuration with its history's facts: what is replicated and kept.

Law: generations are ordered by (epoch, number), ties by hash, and that order is the same on every
node. Of those that were decided, no two have one (epoch, number): `epochs` says why. A generation
never changes after it was made.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Annotated, TypeAlias

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.operations import Value

Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""A count that every JSON reader keeps exactly (RFC 8259, section 6)."""

Epoch: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Hash: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

Order: TypeAlias = tuple[Epoch, Number, Hash]
"""A generation's place: (epoch, number, hash). Of two generations the greater one is the newer."""


class BadGenerationError(LvsmError):
    """Bytes that are no generation: a damaged file, or a peer of another kind."""

    code = "bad-generation"


class Generation(Value, frozen=True, kw_only=True, omit_defaults=True, dict=True, gc=True):
    """One saved configuration.

    What has its default value is left out of the bytes, so that a field which a later version adds
    changes no hash of a generation that does not use it.

    `number` is 0 for the empty configuration before the first Save. `saved_at` is seconds since
    1970 (UTC). `parent` is the hash of the generation that this one was made from. `groups` maps
    each resource group's id to the names of its virtual services, so that ids outlive edits.
    `request` is the id of the Save that made it. `voters` are the nodes that decide the generation
    after it, each with the incarnation of its disk. `confirm_by` is the moment (as `saved_at`) by
    which somebody has to confirm it, None for no such moment. `users` is the document of the users
    (`shared_users`), empty before they were agreed upon; it holds verifiers, so it is never shown.
    """

    number: Number
    text: str
    epoch: Epoch = 1
    author: str = ""
    node: str = ""
    comment: str = ""
    saved_at: float = 0.0
    parent: str = ""
    groups: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    request: str = ""
    voters: dict[str, str] = msgspec.field(default_factory=dict)
    confirm_by: float | None = None
    users: str = ""

    @property
    def order(self) -> Order:
        """What decides which of two generations is the newer one."""
        return self.epoch, self.number, self.hash

    @cached_property
    def hash(self) -> str:
        """The hash (SHA-256, hex) over everything that the generation says.

        It is worked out once: the text may have megabytes, and every message compares places.
        """
        return sha256(encode(self)).hexdigest()


EMPTY = Generation(number=0, text="")


def encode(generation: Generation) -> bytes:
    """A generation as bytes, the same on every node (keys sorted)."""
    return msgspec.json.encode(generation, order="sorted")


def decode(data: bytes) -> Generation:
    """The generation in `data`; raises BadGenerationError."""
    try:
        return msgspec.json.decode(data, type=Generation)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadGenerationError(f"not a generation: {error}") from error
