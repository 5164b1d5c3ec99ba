"""What a text would do to every node, were it saved: each node plans for its own kernel.

Law: nothing is changed by it, and nothing is guessed. A node that cannot be asked is named, with
the reason, and no plan is invented for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lvsm.core import node_plan
from lvsm.core.change_plan import Outlook, counted, held_then, joined, outlook
from lvsm.core.desired import Holding, NodeState, service_keys
from lvsm.core.errors import LvsmError
from lvsm.core.generation import Generation
from lvsm.core.generation import encode as encode_generation
from lvsm.core.groups import Group, assign, groups
from lvsm.core.model import Configuration
from lvsm.core.operations import AnyOperation, KernelState, ServiceKey
from lvsm.daemon.checking import Checked
from lvsm.daemon.ports import Clock, Dial, Kernel
from lvsm.daemon.save_errors import InvalidError
from lvsm.daemon.spreading import connected
from lvsm.daemon.view import View
from lvsm.daemon.wanting import sources, wanted

ANSWER_SECONDS = 20.0
"""How long a node may take to plan; a client waits for 30 s in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutlook:
    """One node's outlook, or why there is none.

    `state` is `planned`, `unreachable`, or `external` for a realserver that LVSM never changes.
    """

    node: str
    state: str
    reason: str = ""
    outlook: Outlook = field(default_factory=Outlook)

    def document(self) -> dict[str, object]:
        """Everything but the steps, which may be many."""
        found = self.outlook
        return {
            "node": self.node,
            "state": self.state,
            "reason": self.reason,
            "operations": len(found.steps),
            "ends": sum(found.ends.values()),
            "moves": sum(found.moves.values()),
            "ends_by_vip": found.ends,
            "moves_by_vip": found.moves,
            "problems": list(found.problems),
        }


class Planner:
    """Plans here, and asks the other nodes for their plans."""

    def __init__(
        self,
        *,
        view: View,
        kernel: Kernel,
        clock: Clock,
        check: Callable[[str], Checked],
        dial: Dial,
        fallback_interface: str | None,
    ) -> None:
        """`check` reads and validates a text; `dial` connects to another node."""
        self._view = view
        self._kernel = kernel
        self._clock = clock
        self._check = check
        self._dial = dial
        self._fallback = fallback_interface

    def draft(self, checked: Checked) -> Generation:
        """The generation that a text would become; its author and time do not matter here.

        Raises InvalidError for one that could not be saved.
        """
        if checked.configuration is None or checked.errors:
            raise InvalidError("it could not be saved", checked.errors)
        present = self._view.generation
        before = {group: frozenset(names) for group, names in present.groups.items()}
        ids = assign(before, checked.configuration)
        return Generation(
            number=present.number + 1,
            epoch=present.epoch,
            text=checked.text,
            groups={group: tuple(sorted(names)) for group, names in ids.items()},
        )

    async def here(self, generation: Generation) -> Outlook:
        """What this node would do with a generation; raises LvsmError."""
        checked = self._check(generation.text)
        if checked.configuration is None:
            raise InvalidError("this node cannot read that configuration", checked.errors)
        view, then = self._view, checked.configuration
        found = groups(then, {k: frozenset(names) for k, names in generation.groups.items()})
        kernel = await self._kernel.read(sources(then, view.me))
        peers = view.peers(self._clock.monotonic(), eligible=view.against is None)
        held = (
            held_then(view.me, found, peers, then.cluster.failback)
            if view.watched
            else frozenset(view.held & found.keys())
        )
        holding = Holding(held=held)
        want, operations = await asyncio.to_thread(self._due, kernel, then, found, holding)
        keys = counted(operations, kernel)
        loads = await self._kernel.count(keys) if keys else ()
        vip_of = {**_vips(then), **_vips(view.configuration)} if keys else {}
        return await asyncio.to_thread(outlook, want, kernel, operations, loads, vip_of)

    def _due(
        self,
        kernel: KernelState,
        configuration: Configuration,
        found: Mapping[str, Group],
        holding: Holding,
    ) -> tuple[NodeState, tuple[AnyOperation, ...]]:
        want = wanted(self._view, kernel, configuration, found, holding, self._fallback)
        return want, node_plan.plan(want, kernel)

    async def everywhere(self, checked: Checked) -> tuple[NodeOutlook, ...]:
        """What every node would do with a text; raises InvalidError, or LvsmError for this one."""
        generation = self.draft(checked)
        nodes = (checked.configuration or Configuration()).nodes
        mine, others = await asyncio.gather(
            self.here(generation),
            asyncio.gather(*(self._of(name, generation) for name in self._others())),
        )
        external = (
            NodeOutlook(node=name, state="external", reason="LVSM changes nothing on it")
            for name, node in nodes.items()
            if node.external and name not in self._view.members
        )
        own = NodeOutlook(node=self._view.me, state="planned", outlook=mine)
        by_name = {one.node: one for one in (own, *others)}
        return (*(by_name[name] for name in self._view.members if name in by_name), *external)

    def _others(self) -> list[str]:
        return [name for name in self._view.members if name != self._view.me]

    async def _of(self, node: str, generation: Generation) -> NodeOutlook:
        try:
            async with connected(self._dial, node) as link:
                answer = await link.request(
                    "PEER PLAN", encode_generation(generation), timeout=ANSWER_SECONDS
                )
            found = joined(list(getattr(answer, "items", ())))
        except (LvsmError, OSError, TimeoutError) as error:
            return NodeOutlook(node=node, state="unreachable", reason=str(error))
        return NodeOutlook(node=node, state="planned", outlook=found)


def _vips(configuration: Configuration) -> Mapping[ServiceKey, str]:
    return {key: vip.name for vip in configuration.vips.values() for key in service_keys(vip)}
