"""This node's own view of its realservers' health: reported by mon's monitors, kept, in use.

Law: a report is taken whole or refused whole; only one about the very check that the configuration
has now is taken (its stamp says so). The control loop wakes when who is up has changed, and for
nothing else. What is known survives a restart; silence freezes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from lvsm.core.check_spec import Spec
from lvsm.core.errors import LvsmError
from lvsm.core.facts import ill_of
from lvsm.core.health import NOBODY, Member, Result, report, stale_after, verdicts
from lvsm.core.model import VirtualService
from lvsm.daemon.ports import Clock, HealthStore
from lvsm.daemon.view import View

log = logging.getLogger(__name__)

KEEP_EVERY_SECONDS = 1.0


class UnknownCheckError(LvsmError):
    """A report about a check that this node does not make, or not any more."""

    code = "unknown-check"


class HealthKeeping:
    """Owns the view's health: the only one that changes it."""

    def __init__(
        self,
        *,
        view: View,
        store: HealthStore,
        clock: Clock,
        specs: Callable[[], Mapping[str, Spec]],
    ) -> None:
        """`specs` are the checks that this node makes now."""
        self._view = view
        self._store = store
        self._clock = clock
        self._specs = specs
        self._kept: object = None

    def load(self) -> None:
        """Use what this node knew before."""
        self._view.health = self._kept = self._store.read()
        self._view.ill = ill_of(self._view.health)

    def take(self, vip: str, stamp: str, results: Sequence[Result]) -> None:
        """A monitor's report; raises UnknownCheckError."""
        view = self._view
        service = view.configuration.vips.get(vip)
        spec = self._specs().get(vip)
        if service is None or service.check is None or spec is None or spec.stamp != stamp:
            raise UnknownCheckError(f"this node makes no check {stamp[:40]} of {vip[:64]}")
        view.reported[vip] = self._clock.monotonic()
        before = view.health.get(vip, NOBODY)
        labels = [target.label for target in spec.targets]
        after = report(before, results, labels, service.check, self._clock.now())
        if after is before:
            return
        view.health = {**view.health, vip: after}
        view.ill = ill_of(view.health)
        if verdicts(before) != verdicts(after):
            self._tell(service, before, after)
            view.touch()

    async def run(self) -> None:
        """Keep what has changed, for ever; forget virtual services that are gone."""
        while True:
            await asyncio.sleep(KEEP_EVERY_SECONDS)
            self.keep()
            self.look()

    def look(self) -> None:
        """Notice which checks report; the peers are told by the control loop."""
        checked = tuple(sorted(fresh(self._view, self._clock.monotonic())))
        if checked != self._view.checked:
            self._view.checked = checked
            self._view.touch()

    def keep(self) -> None:
        """Write what has changed since the last time."""
        view = self._view
        vips = view.configuration.vips
        if any(name not in vips or vips[name].check is None for name in view.health):
            view.health = {
                name: members
                for name, members in view.health.items()
                if name in vips and vips[name].check is not None
            }
            view.ill = ill_of(view.health)
        if view.health is self._kept:
            return
        try:
            self._store.keep(view.health)
            self._kept = view.health
        except OSError as error:
            log.warning("health cannot be kept: %s", error)

    @staticmethod
    def _tell(
        vip: VirtualService, before: Mapping[str, Member], after: Mapping[str, Member]
    ) -> None:
        for label, member in after.items():
            known = before.get(label)
            if known is None or known.up is not member.up:
                state = "up" if member.up else "down"
                log.info("%s: %s is %s%s", vip.name, label, state, _because(member))


def _because(member: Member) -> str:
    return f": {member.reason}" if member.reason else ""


def fresh(view: View, now: float) -> frozenset[str]:
    """The virtual services whose checks report; `now` is monotonic seconds."""
    vips = view.configuration.vips
    return frozenset(
        name
        for name, at in view.reported.items()
        if name in vips
        and (check := vips[name].check) is not None
        and now - at <= stale_after(check)
    )
