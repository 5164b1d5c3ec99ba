"""Saves as people make them: agreed upon by the replicator, then followed until nodes apply them.

Law: waiting changes nothing. A Save is saved when the replicator says so; what is waited for here,
APPLY_SECONDS at most, is only what the answer tells of the kernels.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from lvsm.core.facts import Facts
from lvsm.core.generation import Generation
from lvsm.daemon.ports import Clock
from lvsm.daemon.replicator import Replicator
from lvsm.daemon.saves import Asked, Saved
from lvsm.daemon.view import View

APPLY_SECONDS = 3.0
LOOK_SECONDS = 0.02


class Saver:
    """Saves, and says which nodes have brought their kernel to it."""

    def __init__(self, *, replicator: Replicator, view: View, clock: Clock) -> None:
        """The view knows this node's kernel and what the others say of theirs."""
        self._replicator = replicator
        self._view = view
        self._clock = clock

    async def save(self, asked: Asked) -> Saved:
        """As the replicator's; raises what that raises."""
        return await self._follow(await self._replicator.save(asked))

    async def confirm(self, *, author: str, number: int | None, request: str) -> Saved:
        """As the replicator's; raises what that raises."""
        confirmed = await self._replicator.confirm(author=author, number=number, request=request)
        return await self._follow(confirmed)

    async def _follow(self, saved: Saved) -> Saved:
        until = self._clock.monotonic() + APPLY_SECONDS
        applied = self._applied(saved.generation)
        while not applied >= saved.nodes and self._clock.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
            applied = self._applied(saved.generation)
        return replace(saved, nodes=saved.nodes | applied, applied=applied)

    def _applied(self, generation: Generation) -> frozenset[str]:
        view = self._view
        fresh = view.fresh(self._clock.monotonic())
        found = {name for name, facts in fresh.items() if _has_applied(facts, generation)}
        if view.programmed == generation.hash or view.order > generation.order:
            found.add(view.me)
        return frozenset(found)


def _has_applied(facts: Facts, generation: Generation) -> bool:
    """Whether a node has applied it, or has gone on to a newer one."""
    return facts.programmed == generation.hash or facts.order > generation.order
