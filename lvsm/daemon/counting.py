"""How many connections each realserver has, from the kernel of each virtual service's holder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

import msgspec

from lvsm.core.desired import service_keys
from lvsm.core.errors import LvsmError
from lvsm.core.operations import DestinationLoad
from lvsm.daemon.ports import Clock, Dial, Kernel
from lvsm.daemon.spreading import connected
from lvsm.daemon.view import View

log = logging.getLogger(__name__)


class Counting:
    """Counts here, and asks the other holders for theirs."""

    def __init__(self, *, view: View, kernel: Kernel, clock: Clock, dial: Dial) -> None:
        """`dial` connects to another node."""
        self._view = view
        self._kernel = kernel
        self._clock = clock
        self._dial = dial

    async def here(self, vips: Iterable[str]) -> tuple[DestinationLoad, ...]:
        """What this node's kernel counts for virtual services; raises LvsmError."""
        known = self._view.configuration.vips
        keys = [key for name in vips if name in known for key in service_keys(known[name])]
        return await self._kernel.count(keys) if keys else ()

    async def everywhere(self, vips: Collection[str]) -> dict[str, list[DestinationLoad]]:
        """By virtual service what its holders count; one that does not answer is left out."""
        view = self._view
        holds = {n: f.holds for n, f in view.fresh(self._clock.monotonic()).items()}
        holds[view.me] = tuple(view.held | set(view.offered))
        group_of = {name: group.id for group in view.groups.values() for name in group.vips}
        wanted = {n: [v for v in vips if group_of.get(v) in held] for n, held in holds.items()}
        asked = {node: names for node, names in wanted.items() if names}
        answers = await asyncio.gather(*(self._of(n, names) for n, names in asked.items()))
        name_of = {
            key: name for name in vips for key in service_keys(view.configuration.vips[name])
        }
        found: dict[str, list[DestinationLoad]] = {}
        for load in (load for answer in answers for load in answer):
            if load.key in name_of:
                found.setdefault(name_of[load.key], []).append(load)
        return found

    async def _of(self, node: str, vips: list[str]) -> tuple[DestinationLoad, ...]:
        try:
            if node == self._view.me:
                return await self.here(vips)
            async with connected(self._dial, node) as link:
                answer = await link.request("PEER CONNECTIONS", "\n".join(vips).encode())
            items = list(getattr(answer, "items", ()))
            return msgspec.convert(items, type=tuple[DestinationLoad, ...])
        except (LvsmError, OSError, TimeoutError, msgspec.ValidationError) as error:
            log.warning("the connections of %s are not known: %s", node, error)
            return ()
