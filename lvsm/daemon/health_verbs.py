"""The verbs of mon's monitors and alerts: what they found, into this node's view of health."""

from __future__ import annotations

from lvsm.core.handling import Reply
from lvsm.core.health_report import parse
from lvsm.core.session_actions import Request
from lvsm.daemon.health_keeping import HealthKeeping
from lvsm.daemon.requests import Verb, Verbs, monitors, only_options, option, text, words


class HealthVerbs:
    """Takes what monitors report."""

    def __init__(self, keeping: HealthKeeping) -> None:
        """Nothing is kept here."""
        self._keeping = keeping

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "HEALTH REPORT": Verb(
                self.report,
                monitors,
                "mon: what checks found: HEALTH REPORT vip check=STAMP bytes=N",
            )
        }

    async def report(self, request: Request, reply: Reply) -> str:
        """A monitor's results, a line each in the literal: `rs1 down connection refused`.

        `check` is the stamp of the check that they are of.
        """
        (vip,) = words(request, 1)
        only_options(request, "check")
        results = parse(text(request))
        self._keeping.take(vip, option(request, "check"), results)
        return "noted"
