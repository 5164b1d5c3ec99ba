"""Generations compared apart from the event loop when their texts are long.

Law: whoever asks for a difference of two long texts keeps nobody else waiting. `answer` is what
runs in a process of its own: it is given the two texts, and everything else that is asked there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import TypeAlias, TypedDict

from lvsm.core.generation import Generation
from lvsm.core.line_diff import unified
from lvsm.core.model_changes import model_changes
from lvsm.daemon import checking_apart
from lvsm.daemon.checking_apart import Ask

COMPARE = b"compare"
AT_ONCE = 1
"""Long differences that are worked out at a time; the others wait."""
LONG = 60_000
"""Characters of both texts together; fewer are compared within some milliseconds."""


class Difference(TypedDict):
    """The objects that differ, None where a text cannot be read; a unified diff of the lines."""

    changes: list[dict[str, object]] | None
    lines: list[str]


Compare: TypeAlias = Callable[[Generation, Generation], Awaitable[Difference]]


def answer(frames: Sequence[bytes]) -> Iterator[bytes]:
    """The difference of two texts, or what `checking_apart` answers."""
    if frames[0] != COMPARE:
        yield from checking_apart.answer(frames)
        return
    _, names, before, after = frames
    one, other = json.loads(names)
    found = difference(before.decode(), after.decode(), names=(one, other))
    yield json.dumps(found).encode()


def difference(before: str, after: str, *, names: tuple[str, str]) -> Difference:
    """What differs between two texts; takes seconds for megabytes of changes."""
    found = model_changes(before, after)
    return {
        "changes": None if found is None else [change.to_json() for change in found],
        "lines": unified(before, after, names=names),
    }


class ComparingApart:
    """Compares generations; a `Compare`."""

    def __init__(self, ask: Ask) -> None:
        """`ask` sends frames to a process of its own that has `answer`."""
        self._ask = ask
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, before: Generation, after: Generation) -> Difference:
        """The difference; raises LvsmError when it takes too long, OSError."""
        names = (f"generation {before.number}", f"generation {after.number}")
        if len(before.text) + len(after.text) <= LONG:
            return difference(before.text, after.text, names=names)
        frames = (json.dumps(names).encode(), before.text.encode(), after.text.encode())
        async with self._turn, aclosing(self._ask(COMPARE, *frames)) as answers:
            whole = b"".join([frame async for frame in answers])
        found: Difference = json.loads(whole)
        return found
