"""One node's control loop on a fake kernel, told what heartbeat and the peers say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface

from lvsm.core.errors import LvsmError
from lvsm.core.events import Happening
from lvsm.core.facts import Facts
from lvsm.core.generation import Generation
from lvsm.core.groups import assign, groups
from lvsm.core.model import Cluster, Configuration, Failback, Node, Realserver, VirtualService
from lvsm.core.operations import (
    AnyOperation,
    DestinationLoad,
    Failure,
    KernelState,
    ServiceKey,
)
from lvsm.core.verbs import HaresourcesGroup
from lvsm.daemon.control import Control
from lvsm.daemon.view import Heard, View
from tests.fakes.clock import FakeClock
from tests.fakes.kernel import FakeKernel

ADDRESS = "10.0.0.100/32"
MEMBERS = ("dir1", "dir2", "rs1")
GENERATION = Generation(number=1, text="web", groups={"web": ("web",)})


def configuration(failback: Failback = Failback.AUTO) -> Configuration:
    """One virtual service on dir1, else on dir2."""
    return Configuration(
        cluster=Cluster(failback=failback),
        nodes={"rs1": Node(name="rs1", address=ip_address("10.0.0.61"))},
        vips={
            "web": VirtualService(
                name="web",
                address=ip_interface(ADDRESS),
                ports=(80,),
                directors=("dir1", "dir2"),
                realservers=(Realserver(node="rs1"),),
            )
        },
    )


class SlowKernel:
    """A FakeKernel behind the daemon's port, which remembers what it was told to do."""

    def __init__(self) -> None:
        self.kernel = FakeKernel()
        self.done: list[AnyOperation] = []
        self.haresources: list[tuple[HaresourcesGroup, ...]] = []
        self.refuse: OSError | LvsmError | None = None

    async def read(self, ways_out_from: Sequence[str] = ()) -> KernelState:
        if self.refuse is not None:
            raise self.refuse
        return self.kernel.read(ways_out_from)

    async def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        self.done += operations
        return self.kernel.apply(operations)

    async def count(self, keys: Sequence[ServiceKey]) -> tuple[DestinationLoad, ...]:
        return self.kernel.ipvs.count(keys)

    async def schedulers(self) -> tuple[str, ...]:
        return ("rr", "wlc")

    async def write_haresources(self, groups: Sequence[HaresourcesGroup]) -> None:
        self.haresources.append(tuple(groups))


@dataclass(kw_only=True)
class Site:
    """A node and everything it can see and do."""

    me: str = "dir1"
    failback: Failback = Failback.AUTO
    kernel: SlowKernel = field(default_factory=SlowKernel)
    clock: FakeClock = field(default_factory=FakeClock)
    asked: list[tuple[str, str]] = field(default_factory=list)
    told: list[Happening] = field(default_factory=list)
    published: int = 0

    def __post_init__(self) -> None:
        self.view = View(me=self.me, members=MEMBERS)
        self.view.generation = GENERATION
        self.view.configuration = configuration(self.failback)
        self.view.groups = groups(self.view.configuration, assign({}, self.view.configuration))
        self.view.heartbeat = "1:1"
        self.view.heartbeat_since = self.clock.monotonic() - 100
        self.view.watched = True
        self.view.statuses = dict.fromkeys(MEMBERS, "active")
        self.control = Control(
            view=self.view,
            kernel=self.kernel,
            clock=self.clock,
            publish=self._publish,
            ask=lambda node, group: self.asked.append((node, group)),
            tell=self.told.append,
            fallback_interface="eth0",
        )

    def _publish(self) -> None:
        self.published += 1

    def hear(
        self, node: str, *, holds: bool = False, eligible: bool = True, number: int = 1
    ) -> None:
        """A peer tells its facts."""
        order = GENERATION.order if number == 1 else (1, number, "")
        facts = Facts(
            node=node,
            version="2",
            order=order,
            eligible=eligible,
            holds=("web",) if holds else (),
            ipvs=True,
        )
        self.view.heard[node] = Heard(facts=facts, at=self.clock.monotonic())

    async def turns(self, seconds: float = 0.0) -> None:
        """Let time pass, then turn until nothing is done any more."""
        self.clock.pass_by(seconds)
        for _ in range(4):
            await self.control.turn()

    def shows(self) -> bool:
        """Whether the neighbours see the virtual address here."""
        return ADDRESS in self.kernel.kernel.addresses.found["eth0"]

    def hides(self) -> bool:
        """Whether this node accepts packets for the virtual address without showing it."""
        return ADDRESS in self.kernel.kernel.addresses.found["lo"]

    def serves(self) -> bool:
        """Whether IPVS has the virtual service."""
        return bool(self.kernel.kernel.ipvs.table)

    def names(self) -> list[str]:
        """The kinds of operations performed so far."""
        return [type(operation).__name__ for operation in self.kernel.done]
