"""Giving back what plvsd changed on this machine: `plvsd --release`.

Law: the record decides (`record`), so it works with plvsd dead and counts what every plvsd since
the machine's start has changed; what is not recorded is not touched. The order is the plan's for a
node that should have nothing, so what it does is safe to interrupt: run it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lvsm.core import node_plan
from lvsm.core.desired import NodeState
from lvsm.core.errors import LvsmError
from lvsm.core.operation_text import command
from lvsm.core.operations import AnyOperation
from lvsm.core.verbs import AnyReply, Applied, Apply, Read, Refused, State, WriteHaresources
from lvsm.privileged.performer import Performer


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is to be given back, in order: the operations, each with the command that does it."""

    operations: tuple[AnyOperation, ...]
    commands: tuple[str, ...]


def plan(performer: Performer) -> Release:
    """What there is to give back; raises LvsmError when the machine cannot be looked at."""
    state = _answered(performer, Read())
    if not isinstance(state, State):
        raise LvsmError(f"unexpected answer {state!r}")
    operations = node_plan.plan(NodeState(), state.kernel)
    remembered = state.kernel.owned.sysctls
    return Release(
        operations=operations,
        commands=tuple(command(operation, remembered) for operation in operations),
    )


def perform(performer: Performer, release: Release, forget: Callable[[], None]) -> tuple[str, ...]:
    """Give it back, heartbeat's lines too; what the kernel refused, none if all went well.

    `forget` drops the record, and is called when nothing was refused. Raises LvsmError.
    """
    applied = _answered(performer, Apply(operations=release.operations))
    failures = applied.failures if isinstance(applied, Applied) else ()
    _answered(performer, WriteHaresources(groups=()))
    if not failures:
        forget()
    return tuple(f"{release.commands[f.index]}: {f.reason} ({f.code})" for f in failures)


def _answered(performer: Performer, request: Read | Apply | WriteHaresources) -> AnyReply:
    reply = performer.answer(request)
    if isinstance(reply, Refused):
        raise LvsmError(reply.reason, code=reply.code)
    return reply
