"""What is told of a generation: that it was saved here, taken from elsewhere, is in use."""

from __future__ import annotations

from lvsm.core.events import GenerationSaved, GenerationTaken, GenerationUsed
from lvsm.core.generation import Generation


def saved(generation: Generation) -> GenerationSaved:
    """That somebody saved it on this node."""
    return GenerationSaved(
        generation=generation.number,
        epoch=generation.epoch,
        author=generation.author,
        comment=generation.comment,
    )


def taken(generation: Generation) -> GenerationTaken:
    """That it came from another node."""
    return GenerationTaken(
        generation=generation.number,
        epoch=generation.epoch,
        author=generation.author,
        comment=generation.comment,
        saved_on=generation.node,
    )


def used(generation: Generation) -> GenerationUsed:
    """That it is in use."""
    return GenerationUsed(
        generation=generation.number,
        epoch=generation.epoch,
        hash=generation.hash,
        author=generation.author,
        saved_on=generation.node,
        comment=generation.comment,
        saved_at=generation.saved_at,
    )
