"""Having mon watch what the configuration says: the files of checks, mon's own, and its reload.

Law: mon is reloaded when what it watches differs from what it should, and for nothing else: a
reload kills monitors under way and starts all timers anew. Whatever goes wrong is shown and tried
again; no table changes by it, since health that nobody reports stays as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from lvsm.core import check_spec, mon_cf
from lvsm.core.check_spec import Spec
from lvsm.core.errors import LvsmError
from lvsm.core.model import Configuration
from lvsm.core.verbs import MonService
from lvsm.daemon.ports import CheckSpecs, Clock, Mon, MonKeeper
from lvsm.daemon.view import View

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
ASK_SECONDS = 5.0
"""How often mon is asked what it watches, and whether it still answers."""
RETRY_SECONDS = 2.0
IDLE_SECONDS = 60.0
"""How often mon is asked where there is nothing to check."""


class Monitoring:
    """Keeps mon's files and mon itself as the configuration wants them."""

    def __init__(
        self,
        *,
        view: View,
        files: CheckSpecs,
        keeper: MonKeeper,
        mon: Mon,
        clock: Clock,
        password: tuple[str, str],
    ) -> None:
        """`password` is plvsd's own at mon's server: in clear and hashed."""
        self._view = view
        self._files = files
        self._keeper = keeper
        self._mon = mon
        self._clock = clock
        self._password, self._hashed = password
        self._configuration: Configuration | None = None
        self._specs: Mapping[str, Spec] = {}
        self._written = False
        self._due = float("-inf")
        self._problem = ""

    def specs(self) -> Mapping[str, Spec]:
        """The checks that this node makes by the configuration of now."""
        if self._configuration is not self._view.configuration:
            self._configuration = self._view.configuration
            found = check_spec.specs(self._configuration, self._view.me)
            if found != self._specs:
                self._specs, self._written, self._due = found, False, float("-inf")
        return self._specs

    def complaints(self) -> tuple[str, ...]:
        """What is wrong with mon, where there is something to check."""
        if not self._problem or not self._specs:
            return ()
        return (f"realservers are not checked as they should be: {self._problem}",)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.specs()
            if self._clock.monotonic() >= self._due:
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Bring files and mon up to date, and ask mon whether it is."""
        specs = self.specs()
        problem, pause = "", ASK_SECONDS if specs else IDLE_SECONDS
        try:
            await self._bring_up_to_date(specs)
        except (LvsmError, OSError) as error:
            if isinstance(error, LvsmError) and error.code == "privileged-gone":
                raise
            problem = str(error)
            pause = RETRY_SECONDS if self._written else ASK_SECONDS
        if specs is self._specs:
            self._due = self._clock.monotonic() + pause
        self._say(problem)

    async def _bring_up_to_date(self, specs: Mapping[str, Spec]) -> None:
        services = tuple(_service(spec) for spec in specs.values())
        if not self._written:
            self._files.replace({name: check_spec.render(spec) for name, spec in specs.items()})
            await self._keeper.write_mon(services, self._hashed)
            self._written = specs is self._specs
        if not specs:
            await self._take_away()
        elif mon_cf.mounted(await self._mon.descriptions()) != mon_cf.wanted(services):
            await self._reload(specs)

    async def _take_away(self) -> None:
        """With nothing to check, what mon still has of ours goes; a mon that is not there may be.

        Asked now and then: mon may start later, with a file of before.
        """
        try:
            left = mon_cf.mounted(await self._mon.descriptions())
        except LvsmError:
            return
        if left:
            await self._reload({})

    async def _reload(self, specs: Mapping[str, Spec]) -> None:
        try:
            await self._mon.reload(self._password, specs)
        except LvsmError as error:
            if error.code == "mon-refused":
                self._written = False
                await self._keeper.restore_mon()
            elif error.code == "mon-login":
                await self._keeper.wake_mon()  # it still has a file that is not ours
            raise
        log.info("mon has read its new file")

    def _say(self, problem: str) -> None:
        if problem and problem != self._problem:
            log.warning("realservers are not checked as they should be: %s", problem)
        self._problem = problem


def _service(spec: Spec) -> MonService:
    return MonService(
        vip=spec.vip,
        labels=tuple(target.label for target in spec.targets),
        seconds=spec.mon_seconds,
        stamp=spec.stamp,
    )
