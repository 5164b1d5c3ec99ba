"""The audit log's keeper: who changed what is recorded before anybody is told that it was done.

Laws: what cannot be recorded is not begun. A change that failed is recorded too. Refusals, which
strangers can cause at will, wait for nothing and are counted when they are too many.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from lvsm.core.audit import OK, AnyRecord, AuditFailedError, Stand, change, login_refused
from lvsm.core.errors import LvsmError
from lvsm.core.refusals import Refusals
from lvsm.core.session_actions import Request
from lvsm.daemon.ports import AuditLog, Clock

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

INTERRUPTED = "interrupted"
"""The result of a change during which plvsd was stopped: it may be done or not."""


class Auditor:
    """Records what one node's worker does and refuses."""

    def __init__(
        self, *, node: str, audit_log: AuditLog, clock: Clock, stand: Callable[[], Stand]
    ) -> None:
        """`stand` tells which generation is in use."""
        self._node = node
        self._log = audit_log
        self._clock = clock
        self._stand = stand
        self._refusals = Refusals(node)
        self._more = asyncio.Event()

    async def run(self) -> None:
        """Sum up, for ever, what had no record of its own."""
        try:
            while True:
                await self._more.wait()
                wait = self._refusals.wait(self._clock.monotonic())
                if wait:
                    await asyncio.sleep(wait)
                self._sum_up()
        finally:
            self._sum_up()

    async def audited(self, request: Request, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Have a change made and recorded; raises what `work` raises, and AuditFailedError."""
        if self._log.trouble is not None:
            raise AuditFailedError(
                f"nothing was changed, because it could not be recorded: {self._log.trouble}."
                " Mend that; plvsd tries the audit log again every second"
            )
        before = self._stand()
        try:
            answer = await work()
        except asyncio.CancelledError:
            self._note(self._change(request, before, INTERRUPTED))
            raise
        except Exception as error:
            with suppress(AuditFailedError):
                await self._log.append(self._change(request, before, result_of(error)))
            raise
        try:
            await self._log.append(self._change(request, before, OK))
        except AuditFailedError as error:
            raise AuditFailedError(
                f"{request.verb} was done but could not be recorded: {error.message}. It is"
                " recorded as soon as that is mended; until then nothing more can be changed"
            ) from error
        return answer

    def complaints(self) -> tuple[str, ...]:
        """What is wrong with the log, if anything is."""
        trouble = self._log.trouble
        return (f"changes are refused, they cannot be recorded: {trouble}",) if trouble else ()

    def forbidden(self, request: Request, result: str) -> None:
        """Somebody wanted to change what they may not."""
        if self._admits(request.origin):
            self._note(self._change(request, self._stand(), result))

    def login_refused(self, name: str, origin: str) -> None:
        """Somebody could not prove to be `name`, a stranger's text; `origin` is an address."""
        if self._admits(origin):
            log.warning("login refused: %r from %s", name[:64], origin)
            now = self._clock.now()
            self._note(login_refused(name, origin, node=self._node, at=now))

    def _admits(self, origin: str) -> bool:
        admitted = self._refusals.admit(origin, self._clock.monotonic())
        if not admitted:
            self._more.set()
        return admitted

    def _sum_up(self) -> None:
        self._more.clear()
        summary = self._refusals.summary(self._clock.now())
        if summary is not None:
            log.warning("refused %d more, from %d addresses", summary.count, summary.origins)
            self._note(summary)

    def _change(self, request: Request, before: Stand, result: str) -> AnyRecord:
        return change(
            request,
            node=self._node,
            at=self._clock.now(),
            before=before,
            after=self._stand(),
            result=result,
        )

    def _note(self, record: AnyRecord) -> None:
        """Record what nobody waits for."""
        try:
            self._log.append(record)
        except AuditFailedError as error:
            log.warning("not recorded: %s", error.message)


def result_of(error: Exception) -> str:
    """The code that a change's error is answered with."""
    if isinstance(error, LvsmError):
        return error.code
    if isinstance(error, TimeoutError):
        return "timeout"
    return "os-error" if isinstance(error, OSError) else "internal"
