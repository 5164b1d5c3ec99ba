"""A Save as somebody asks for it, and how it ended when that was well."""

from __future__ import annotations

from dataclasses import dataclass

from lvsm.core.generation import Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a Save: the generation, who has it, and whether it was a new one.

    `applied` are the nodes that have brought their kernel to it, as far as somebody waited.
    """

    generation: Generation
    nodes: frozenset[str]
    changed: bool
    applied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A Save as somebody asks for it.

    `base` is the number of the generation that the text was made from, None for the present one;
    `epoch` is that generation's, which matters only where two have one number. `request` is an id
    that a client draws, to ask again after a broken connection. `confirm` is in how many seconds
    somebody has to confirm the Save, None for one that holds as it is.
    """

    text: str
    author: str
    base: int | None = None
    epoch: int | None = None
    comment: str = ""
    forced: bool = False
    request: str = ""
    confirm: int | None = None
