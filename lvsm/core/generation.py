"""A saved configuration with its history's facts: what is replicated and kept.

Law: generations are ordered by (epoch, number), ties by hash, and that order is the same on every
node. A generation never changes after it was made.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.operations import Value


class BadGenerationError(LvsmError):
    """Bytes that are no generation: a damaged file, or a peer of another kind."""

    code = "bad-generation"


class Generation(Value, frozen=True, kw_only=True):
    """One saved configuration.

    `number` is 0 for the empty configuration before the first Save. `saved_at` is seconds since
    1970 (UTC). `parent` is the hash of the generation that this one was made from. `groups` maps
    each resource group's id to the names of its virtual services, so that ids outlive edits.
    """

    number: int
    text: str
    epoch: int = 1
    author: str = ""
    node: str = ""
    comment: str = ""
    saved_at: float = 0.0
    parent: str = ""
    groups: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int, str]:
        """What decides which of two generations is the newer one."""
        return self.epoch, self.number, self.hash

    @property
    def hash(self) -> str:
        """The hash (SHA-256, hex) over everything that the generation says."""
        return sha256(encode(self)).hexdigest()


EMPTY = Generation(number=0, text="")


def encode(generation: Generation) -> bytes:
    """A generation as bytes, the same on every node (keys sorted)."""
    return msgspec.json.encode(generation, order="sorted")


def decode(data: bytes) -> Generation:
    """The generation in `data`; raises BadGenerationError."""
    try:
        generation: Generation = msgspec.json.decode(data, type=Generation)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadGenerationError(f"not a generation: {error}") from error
    if generation.number < 0 or generation.epoch < 1:
        raise BadGenerationError("not a generation: its number or epoch is out of range")
    return generation
