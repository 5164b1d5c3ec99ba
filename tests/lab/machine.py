"""One node as the supervisor keeps it: its kernel, its agent, and what every boot needs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.lab import kernel as uml
from tests.lab.errors import LabError
from tests.lab.link import AgentLink

if TYPE_CHECKING:
    from tests.lab.network import Network
    from tests.lab.plan import NodePlan
    from tests.lab.topology import NodeInfo
    from tests.lab.work import Work

State = Literal["off", "booting", "up", "paused"]
BOOT_SECONDS = 60
LAST_LINES = 15


@dataclass(slots=True, kw_only=True)
class Machine:
    """A node, on or off."""

    info: NodeInfo
    plan: NodePlan
    work: Work
    network: Network
    core: int
    state: State = "off"
    boots: int = 0
    kernel: uml.Kernel | None = None
    agent: AgentLink | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def boot(self) -> None:
        """Switch the node on; return once its boot commands have run."""
        async with self.lock:
            if self.state != "off":
                raise LabError(f"{self.info.name} is on")
            self.state = "booting"
            try:
                async with asyncio.timeout(BOOT_SECONDS):
                    await self._boot()
            except TimeoutError:
                self.crash()
                raise LabError(self._complain("did not boot in time")) from None
            except LabError as error:
                self.crash()
                raise LabError(self._complain(str(error))) from error
            self.state = "up"

    def crash(self) -> None:
        """Cut the power."""
        if self.kernel:
            asyncio.get_running_loop().remove_reader(self.kernel.fd)
            self.kernel.kill()
            self._bury()

    def pause(self) -> None:
        """Stop the node where it stands."""
        self._require("up").freeze()
        self.state = "paused"

    def resume(self) -> None:
        """Let the node go on."""
        self._require("paused").thaw()
        self.state = "up"

    def running_agent(self) -> AgentLink:
        """Return the line to the node, if it is on."""
        if self.agent is None or self.state == "off":
            raise LabError(f"{self.info.name} is off; `boot {self.info.name}` switches it on")
        return self.agent

    def log(self, data: bytes) -> None:
        """Keep what the node's programs say; it outlives the node."""
        with self.work.console(self.info.name).open("ab") as file:
            file.write(data if data.endswith(b"\n") else data + b"\n")

    async def _boot(self) -> None:
        loop = asyncio.get_running_loop()
        kernel = uml.start(self.info, self.work, self.network.taps, self.core)
        self.kernel = kernel
        self.network.guard(kernel.pid)
        loop.add_reader(kernel.fd, self._ended, kernel)
        agent = AgentLink(self.log, lambda: self._ended(kernel))
        self.agent = agent
        await loop.create_connection(lambda: agent, sock=kernel.line)
        await _first(agent.answered, agent.ended)
        if not self.boots:
            for file in self.plan.files:
                await agent.put(file.path, file.data, file.mode, file.owner)
        self.boots += 1
        for argv in self.plan.boot_commands:
            status = await agent.run(argv, self.log)
            if status:
                raise LabError(f"boot command {' '.join(argv)!r}: exit status {status}")

    def _ended(self, kernel: uml.Kernel) -> None:
        """Notice that a kernel, or its agent, has ended by itself: the node is off."""
        if self.kernel is kernel:
            self.crash()

    def _bury(self) -> None:
        if self.kernel:
            self.network.unguard(self.kernel.pid)
            self.kernel.close()
        if self.agent:
            self.agent.close()
            self.agent.ended.set()
        self.kernel = None
        self.agent = None
        self.state = "off"

    def _require(self, state: State) -> uml.Kernel:
        if self.kernel is None or self.state != state:
            raise LabError(f"{self.info.name} is {self.state}, not {state}")
        return self.kernel

    def _complain(self, what: str) -> str:
        said = uml.read_console(self.work.console(self.info.name)).splitlines()
        # A panic's call trace would push the reason out of sight.
        lines = [line for line in said if not line.lstrip().startswith("[<")][-LAST_LINES:]
        return "\n    ".join([f"{self.info.name}: {what}; its console ends:", *lines])


async def _first(wanted: asyncio.Event, ended: asyncio.Event) -> None:
    """Wait for `wanted`; fail if `ended` comes first."""
    async with asyncio.TaskGroup() as group:
        waiters = {group.create_task(event.wait()) for event in (wanted, ended)}
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()
    if not wanted.is_set():
        raise LabError("its kernel ended")
