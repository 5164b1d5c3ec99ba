"""What is due in the kernel: nothing and without a thought, as long as nothing has changed.

Law: what should be there is worked out anew when something it follows from is another one, and the
plan whenever that, or the kernel, is. What differs in a kernel that was right, while nothing else
was wanted, is drift: somebody else changed it, and what was found is said once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from lvsm.core import drift, foreign, node_plan
from lvsm.core.desired import Holding, NodeState
from lvsm.core.events import DriftRepaired
from lvsm.core.operation_text import key_text
from lvsm.core.operations import AnyOperation, KernelState
from lvsm.daemon.ports import Clock
from lvsm.daemon.view import View
from lvsm.daemon.wanting import causes, wanted

log = logging.getLogger(__name__)

SHOWN = 10
"""Findings told in one event; a flushed table has thousands."""
AGAIN_SECONDS = 60.0
"""After which the same finding is told once more, where somebody undoes each repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What should be there, what is to be done for it, and what was found to be drift.

    `foreign` names the services of somebody else's that stay.
    """

    want: NodeState
    operations: tuple[AnyOperation, ...] = ()
    repairs: tuple[DriftRepaired, ...] = ()
    foreign: tuple[str, ...] = ()
    causes: tuple[object, ...] = ()


class Steady:
    """Remembers what the last plan was made from."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is known yet, so nothing is drift."""
        self._clock = clock
        self._settled: Step | None = None
        self._aim: NodeState | None = None
        self._said: tuple[tuple[str, ...], float] = ((), float("-inf"))

    def step(
        self, view: View, kernel: KernelState, holding: Holding, fallback_interface: str | None
    ) -> Step:
        """What is due now."""
        now = (*causes(view, kernel, view.configuration, view.groups), holding)
        settled = self._settled
        if settled is not None and _same(settled.causes, now):
            return settled
        want = wanted(view, kernel, view.configuration, view.groups, holding, fallback_interface)
        operations = node_plan.plan(want, kernel)
        drifted = bool(operations) and self._aim == _aim(want)
        return Step(
            want=want,
            operations=operations,
            repairs=self._repairs(operations, kernel) if drifted else (),
            foreign=tuple(key_text(key) for key in foreign.left(want, kernel)),
            causes=now,
        )

    def done(self, step: Step, *, well: bool) -> None:
        """The step's operations were performed, `well` if nothing was refused."""
        self._aim = _aim(step.want) if well else None
        self._settled = step if well and not step.operations else None

    def _repairs(
        self, operations: tuple[AnyOperation, ...], kernel: KernelState
    ) -> tuple[DriftRepaired, ...]:
        found, now = drift.found(operations, kernel), self._clock.monotonic()
        said, at = self._said
        if not found or (found == said and now - at < AGAIN_SECONDS):
            return ()
        self._said = found, now
        for one in found[:SHOWN]:
            log.warning("somebody changed the kernel: %s: putting it back", one)
        more = len(found) - SHOWN
        if more > 0:
            log.warning("somebody changed the kernel: %d more things: putting them back", more)
        return (DriftRepaired(found="; ".join(found[:SHOWN]), count=len(found)),)


def _aim(want: NodeState) -> NodeState:
    """What should be there; problems may be those of the kernel that was found."""
    return replace(want, problems=())


def _same(old: tuple[object, ...], new: tuple[object, ...]) -> bool:
    """Whether nothing is another one: what is large is not compared but by identity."""
    *things, holding = new
    return all(a is b for a, b in zip(old, things, strict=False)) and old[-1] == holding
