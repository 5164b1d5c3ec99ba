"""Saving a configuration and keeping it on every node: the seam for the Save protocol.

Law: a generation is on this node's disk before it is used or acknowledged. This first version
pushes a Save to the nodes it reaches, and brings the others up to date when they come back; the
Save protocol of DESIGN (a durable majority before the acknowledgement) takes the place of `save`
and `offered` and of nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lvsm.core.errors import LvsmError
from lvsm.core.events import Happening
from lvsm.core.generation import Generation
from lvsm.core.generation_events import saved, taken
from lvsm.core.groups import assign, groups
from lvsm.core.problems import Problem
from lvsm.daemon.checking import Checked
from lvsm.daemon.ports import Clock, Store
from lvsm.daemon.view import View

log = logging.getLogger(__name__)


class ConflictError(LvsmError):
    """Another Save came first."""

    code = "conflict"


class InvalidError(LvsmError):
    """The text breaks a rule; `problems` says which and where."""

    code = "invalid"

    def __init__(self, message: str, problems: tuple[Problem, ...]) -> None:
        """Keep the problems beside the message."""
        super().__init__(message)
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a Save: the generation, who has it, and whether it was a new one."""

    generation: Generation
    nodes: frozenset[str]
    changed: bool


class Replicator:
    """Owns this node's generation: the only one that changes it."""

    def __init__(
        self,
        *,
        view: View,
        store: Store,
        clock: Clock,
        check: Callable[[str], Checked],
        push: Callable[[Generation], Awaitable[frozenset[str]]],
        tell: Callable[[Happening], None],
    ) -> None:
        """`check` reads and validates a text; `push` sends a generation to the other nodes.

        `tell` tells those who watch.
        """
        self._view = view
        self._store = store
        self._clock = clock
        self._check = check
        self._push = push
        self._tell = tell
        self._turn = asyncio.Lock()

    def load(self) -> None:
        """Use the newest generation that this node keeps."""
        self._use(self._store.newest())

    async def save(self, text: str, *, base: int | None, author: str, comment: str = "") -> Saved:
        """Make `text` the next generation and spread it.

        `base` is the number of the generation that the text was made from, None for the present
        one. Raises ConflictError, InvalidError, OSError when this node's disk refuses.
        """
        async with self._turn:
            present = self._view.generation
            self._refuse_conflict(present, base)
            checked = self._check(text)
            if checked.configuration is None or checked.errors:
                count = len(checked.errors)
                raise InvalidError(
                    f"{count} mistake{'s' if count != 1 else ''}, nothing was saved", checked.errors
                )
            if checked.text == present.text:
                return Saved(generation=present, nodes=self._with(present), changed=False)
            ids = assign(
                {k: frozenset(v) for k, v in present.groups.items()}, checked.configuration
            )
            generation = Generation(
                number=present.number + 1,
                epoch=present.epoch,
                text=checked.text,
                author=author,
                node=self._view.me,
                comment=comment,
                saved_at=self._clock.now(),
                parent=present.hash,
                groups={group: tuple(sorted(vips)) for group, vips in ids.items()},
            )
            await asyncio.to_thread(self._store.keep, generation)
            self._use(generation)
            self._tell(saved(generation))
            nodes = await self._push(generation)
        log.info("generation %d saved by %s", generation.number, author)
        return Saved(generation=generation, nodes=nodes | {self._view.me}, changed=True)

    async def offered(self, generation: Generation) -> None:
        """A peer has a generation: keep and use it if it is newer. Raises InvalidError, OSError."""
        async with self._turn:
            if generation.order <= self._view.generation.order:
                return
            checked = self._check(generation.text)
            if checked.configuration is None:
                raise InvalidError("this node cannot read that generation", checked.errors)
            await asyncio.to_thread(self._store.keep, generation)
            self._use(generation)
            self._tell(taken(generation))
            log.info("generation %d taken from %s", generation.number, generation.node)

    def _refuse_conflict(self, present: Generation, base: int | None) -> None:
        if base is not None and base != present.number:
            age = max(0, round(self._clock.now() - present.saved_at))
            raise ConflictError(
                f"generation {present.number} was saved by {present.author or 'nobody'} on"
                f" {present.node or self._view.me} {age} s ago; your change was made from"
                f" generation {base}: look at `lvsm config show` and make it again"
            )

    def _with(self, generation: Generation) -> frozenset[str]:
        fresh = self._view.fresh(self._clock.monotonic())
        return frozenset(n for n, f in fresh.items() if f.order == generation.order) | {
            self._view.me
        }

    def _use(self, generation: Generation) -> None:
        checked = self._check(generation.text)
        if checked.configuration is None:
            log.error("generation %d cannot be read: %s", generation.number, checked.errors)
            return
        ids = {group: frozenset(vips) for group, vips in generation.groups.items()}
        self._view.generation = generation
        self._view.configuration = checked.configuration
        self._view.groups = groups(checked.configuration, ids)
        self._view.touch()
