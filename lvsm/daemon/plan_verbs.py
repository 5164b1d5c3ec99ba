"""The verbs of plans: CONFIG PLAN for people, PEER PLAN between nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from lvsm.core import generation as generation_text
from lvsm.core.change_plan import parts
from lvsm.core.handling import Reply
from lvsm.core.session_actions import Request
from lvsm.daemon.checking import Checked
from lvsm.daemon.checking_apart import nothing, verdict_of
from lvsm.daemon.config_verbs import check_document
from lvsm.daemon.planning import NodeOutlook, Planner
from lvsm.daemon.requests import Verb, Verbs, literal, nodes, readers, text, words
from lvsm.daemon.view import View

AT_ONCE = 500
"""Steps after which a client is waited for."""


class PlanVerbs:
    """Answers what a text would do."""

    def __init__(
        self,
        *,
        view: View,
        planner: Planner,
        check: Callable[[str], Checked],
        prepare: Callable[[str], Awaitable[None]] = nothing,
    ) -> None:
        """`check` reads and validates a text; `prepare` sees to it that this takes no time."""
        self._view = view
        self._planner = planner
        self._check = check
        self._prepare = prepare

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "CONFIG PLAN": Verb(
                self.config_plan,
                readers,
                "what saving a text would do on every node: CONFIG PLAN bytes=N",
            ),
            "PEER PLAN": Verb(self.peer_plan, nodes, "what this node would do with a generation"),
        }

    async def config_plan(self, request: Request, reply: Reply) -> str:
        """What saving a text would do on every node; nothing is saved.

        The first item is that of CONFIG CHECK with two more fields: `changed` says whether saving
        it would make a new generation or change a kernel, `nodes` what each node would do as a
        whole, with the live connections that this `ends` and those that it `moves` to another
        director. Then comes an item a step: its `node`, the `command` that does the same, the
        `operation` itself. A text that could not be saved has no plan. `name` is what messages
        call the text.
        """
        words(request, 0)
        wanted = text(request)
        await self._prepare(wanted)
        checked = self._check(wanted)
        name = request.options.get("name", "configuration")
        document = check_document(verdict_of(checked, wanted, name), request)
        if checked.errors:
            reply.item({**document, "changed": False, "nodes": []})
            return "it could not be saved"
        found = await self._planner.everywhere(checked)
        changed = checked.text != self._view.generation.text or any(
            one.outlook.steps for one in found
        )
        told = [one.document() for one in found]
        reply.item({**document, "changed": changed, "nodes": told, "summary": _summary(found)})
        for one in found:
            await _tell(reply, one)
        return "planned"

    async def peer_plan(self, request: Request, reply: Reply) -> str:
        """What this node would do with a generation: first the whole, then an item a step."""
        generation = generation_text.decode(literal(request))
        await self._prepare(generation.text)
        found = await self._planner.here(generation)
        for index, item in enumerate(parts(found)):
            reply.item(item)
            if index % AT_ONCE == 0:
                await reply.drain()
        return "planned"


async def _tell(reply: Reply, one: NodeOutlook) -> None:
    for index, step in enumerate(one.outlook.steps):
        reply.item(
            {
                "node": one.node,
                "command": step.command,
                "operation": msgspec.to_builtins(step.operation),
                "ends": step.ends,
                "moves": step.moves,
            }
        )
        if index % AT_ONCE == 0:
            await reply.drain()


def _summary(found: Sequence[NodeOutlook]) -> str:
    steps = sum(len(one.outlook.steps) for one in found)
    busy = sum(bool(one.outlook.steps) for one in found)
    silent = [one.node for one in found if one.state == "unreachable"]
    ends = sum(sum(one.outlook.ends.values()) for one in found)
    what = f"{steps} operations on {busy} nodes" if steps else "no node would do anything"
    would = f"{what}, {ends} live connections would end"
    return would + (f"; {', '.join(silent)} cannot be asked" if silent else "")
