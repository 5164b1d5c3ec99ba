"""What plvsd does for each verb of the line protocol: one table, one way through it.

Who may use a verb stands beside it in the modules `*_verbs`. A handler that changes something only
changes the view or calls the replicator; the control loop performs. What people change is recorded
before they hear of it (`auditing`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain

from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.principal import Need, Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.config_verbs import problem_documents
from lvsm.daemon.requests import Ongoing, Verb, Verbs, admins, operators, readers
from lvsm.daemon.save_errors import ConflictError, InvalidError


class ForbiddenError(LvsmError):
    """Somebody may not use a verb."""

    code = "forbidden"


class Handlers:
    """One worker's answers to the protocol's verbs."""

    def __init__(
        self,
        tables: Iterable[Verbs],
        auditor: Auditor,
        *,
        standing: Callable[[Principal], Principal] = lambda principal: principal,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`tables` are those of the `*_verbs` modules; none of them names a verb twice.

        `standing` gives a principal its present role, or raises LvsmError; without it users have
        no role, and may do nothing. People are answered when `ready` returns; nodes and
        heartbeat's scripts at once.
        """
        self._auditor = auditor
        self._standing = standing
        self._ready = ready
        self._table = dict(chain.from_iterable(table.items() for table in tables))

    @property
    def table(self) -> Verbs:
        """Every verb."""
        return self._table

    def help(self) -> dict[str, str]:
        """Each verb's line of help."""
        return {name: verb.help for name, verb in self._table.items()}

    def features(self) -> tuple[str, ...]:
        """The families of verbs that this plvsd has, for its greeting: `config`, `vip`, ..."""
        return tuple(sorted({name.partition(" ")[0].lower() for name in self._table}))

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request; raises LvsmError, which the server answers with its code."""
        verb = self._table[request.verb]
        request = replace(request, principal=self._standing(request.principal))
        if not verb.who(request.principal):
            if verb.changes:
                self._auditor.forbidden(request, ForbiddenError.code)
            raise ForbiddenError(_refusal(verb, request))
        if self._ready is not None and verb.who in (readers, operators, admins):
            await self._ready()
        answer = await self._answer(verb, request, reply)
        if isinstance(answer, Ongoing):
            await answer.go_on()

    async def _answer(self, verb: Verb, request: Request, reply: Reply) -> str | Ongoing | None:
        """The handler's answer, after it was given; None when it was refused."""
        try:
            if verb.changes:
                answer = await self._auditor.audited(request, partial(verb.handle, request, reply))
            else:
                answer = await verb.handle(request, reply)
        except (InvalidError, ConflictError) as error:
            for item in _items(error, request):
                reply.item(item)
            reply.error(error.code, error.message)
        except TimeoutError:
            reply.error("timeout", f"{request.verb} was not done in time; it is still being done")
        except OSError as error:
            reply.error("os-error", f"this node's disk or network refuses: {error}")
        else:
            reply.ok(answer.text if isinstance(answer, Ongoing) else answer)
            return answer
        return None


def _items(error: InvalidError | ConflictError, request: Request) -> list[Mapping[str, object]]:
    if isinstance(error, InvalidError):
        return [*problem_documents(error.problems, request)]
    return [] if error.item is None else [error.item]


def _refusal(verb: Verb, request: Request) -> str:
    who = request.principal
    is_one = f" (role {who.role})" if who.role and who.is_user else ""
    wants = f": it is for {verb.who}" if isinstance(verb.who, Need) else ""
    return f"{who.name}{is_one} may not use {request.verb}{wants}"
