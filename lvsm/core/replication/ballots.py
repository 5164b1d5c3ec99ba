"""Ballots, and how many votes decide.

Law: no two runs of a proposer ever use the same ballot, so a ballot stands for one value only.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

import msgspec

from lvsm.core.epochs import MARKS
from lvsm.core.generation import Number
from lvsm.core.operations import Value

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""A node's name, or an id of at most 255 characters."""


class Ballot(Value, frozen=True, kw_only=True, order=True):
    """One attempt to decide: a higher one outbids a lower one.

    `run` is a text that the node has never used before, so that a node which forgot what it
    proposed in a round cannot propose something else under the same ballot.
    """

    round: Number
    node: str
    run: str

    @property
    def mark(self) -> int:
        """A number for the node's run in any round: two are equal once in a billion pairs."""
        digest = sha256(f"{self.node} {self.run}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % MARKS


NEVER = Ballot(round=0, node="", run="")
"""Lower than every ballot of a proposer: its rounds count from 1."""


def needed(voters: int) -> int:
    """How many of so many voters are a majority: both of two."""
    return voters // 2 + 1
