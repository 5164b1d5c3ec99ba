"""Some nodes that save together: real disks, real TLS sockets, the real parts of saving."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lvsm.adapters import clock, files
from lvsm.adapters.certificates import load_or_make
from lvsm.adapters.cluster_login import KnownVerifiers
from lvsm.adapters.dialer import dial
from lvsm.adapters.overlay_file import OverlayFile
from lvsm.adapters.save_disk import SaveDisk
from lvsm.adapters.transport import Server
from lvsm.core.errors import LvsmError
from lvsm.core.events import Happening
from lvsm.core.generation import Generation
from lvsm.core.handling import Reply
from lvsm.core.replication import versions
from lvsm.core.session_actions import Request
from lvsm.core.users import Users
from lvsm.daemon import checking
from lvsm.daemon.accounts import Accounts
from lvsm.daemon.checking import Checked
from lvsm.daemon.control import Control
from lvsm.daemon.counting import Counting
from lvsm.daemon.overlaying import Overlaying
from lvsm.daemon.peer_verbs import PeerVerbs
from lvsm.daemon.ports import Answered, GreetedLink
from lvsm.daemon.saves import Asked, Saved
from lvsm.daemon.saving import Saving
from lvsm.daemon.user_register import UserRegister
from lvsm.daemon.view import View
from tests.fakes.users import FakeUserStore
from tests.unit.daemon.nodes import SlowKernel

KEY = b"k" * 32


def text(*nodes: str, note: str = "") -> str:
    """A configuration in which all these nodes have a part."""
    sections = [f'[node.{name}]\naddress = "10.1.0.{n}"\n' for n, name in enumerate(nodes, 1)]
    return "\n".join(sections) + (f"# {note}\n" if note else "")


@dataclass(kw_only=True)
class Machine:
    """One node; its folder outlives a power cut, `saving` does not."""

    name: str
    cluster: Cluster
    folder: Path
    port: int = 0
    saving: Saving | None = None
    view: View | None = None
    told: list[Happening] = field(default_factory=list)
    disk_full: bool = False
    features: tuple[str, ...] = versions.features()
    users: FakeUserStore = field(default_factory=lambda: FakeUserStore(Users()))
    accounts: Accounts = field(init=False)
    register: UserRegister | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False
    _stages_left: int | None = None
    _cut: threading.Event = field(default_factory=threading.Event)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Begin as plvsd does, with what the disk has."""
        self._stages_left = None
        self.folder.mkdir(exist_ok=True)
        self.accounts = Accounts(
            store=self.users,
            key=KEY,
            clock=self.cluster.clock,
            random=secrets.token_bytes,
            agree=self._agree,
        )
        view, ticks = View(me=self.name, members=self.cluster.names), self.cluster.clock
        saving = Saving(
            view=view,
            store=SaveDisk(self.folder, self._replace),
            dial=self._dial,
            clock=ticks,
            check=self._check,
            new_id=lambda: secrets.token_urlsafe(18),
            chance=random.Random(self.name).random,
            tell=self.told.append,
            users=self.accounts,
        )
        self.register = UserRegister(
            deciding=saving.deciding,
            voters=saving.replicator.voters,
            users=lambda: self.accounts.users,
            clock=ticks,
            new_id=lambda: secrets.token_urlsafe(18),
            node=self.name,
        )
        control = Control(
            view=view,
            kernel=SlowKernel(),
            clock=ticks,
            publish=lambda: None,
            ask=lambda _node, _group: None,
            tell=self.told.append,
            fallback_interface=None,
        )
        overlaying = Overlaying(
            view=view,
            store=OverlayFile(self.folder / "overlay.json", self._replace),
            clock=ticks,
            tell=self.told.append,
            publish=lambda: None,
        )
        table = PeerVerbs(
            view=view,
            control=control,
            caretaker=saving.caretaker,
            overlaying=overlaying,
            counting=Counting(view=view, kernel=SlowKernel(), clock=ticks, dial=self._dial),
            clock=ticks,
        ).table()

        async def handle(request: Request, reply: Reply) -> None:
            reply.ok(str(await table[request.verb].handle(request, reply)))

        server = Server(
            node=self.name,
            software="2",
            handle=handle,
            verbs={name: verb.help for name, verb in table.items()},
            features=self.features,
            verifiers=KnownVerifiers(
                users=Users, key=KEY, nodes=self.cluster.names, now=self.cluster.clock.now
            ),
            secret=b"s" * 32,
            certificate=load_or_make(self.folder, self.name),
        )
        await self._stack.enter_async_context(server)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        await server.listen_tcp(sock=listener)
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._stack.callback(group.create_task(saving.run()).cancel)
        self.ready = saving.ready
        self.saving, self.view = saving, view

    async def cut(self) -> None:
        """The power goes off."""
        self._cut.set()
        self.port = 0  # nobody listens there
        self.saving = self.view = None
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()

    @property
    def generation(self) -> Generation:
        """What this node uses."""
        assert self.view is not None
        return self.view.generation

    async def save(self, wanted: str, base: int | None = None, **more: object) -> Saved:
        """Save as `ann`."""
        assert self.saving is not None
        asked = Asked(text=wanted, author="ann", base=base, **more)  # type: ignore[arg-type]
        return await self.saving.replicator.save(asked)

    async def confirm(self, number: int | None = None) -> Saved:
        """Confirm as `ann`."""
        assert self.saving is not None
        return await self.saving.replicator.confirm(author="ann", number=number, request="")

    async def _agree(self, change: Callable[[Users], Users], author: str, comment: str) -> bool:
        assert self.register is not None
        return await self.register.change(change, author, comment)

    def _replace(self, path: Path, data: bytes) -> None:
        if self.disk_full:
            raise OSError(28, "No space left on device")
        self._stage()
        files.replace(path, data, mode=0o600)
        self._stage()

    def stop_at(self, stage: int) -> None:
        """Stop at a stage of the next Save, as `adapters.fault_points` counts them."""
        self._stages_left, self.stopped, self._cut = stage, False, threading.Event()

    def _stage(self) -> None:
        if self._stages_left == 0:
            self.stopped = True
            self._cut.wait()
            raise OSError(5, "the power went off")
        if self._stages_left is not None:
            self._stages_left -= 1

    def _check(self, wanted: str) -> Checked:
        return checking.check(wanted, members=self.cluster.names, facts={})

    async def _dial(self, node: str) -> GreetedLink:
        if not self.cluster.connected(self.name, node):
            raise LvsmError("no route to host", code="unreachable")
        port = self.cluster[node].port
        link = await dial("127.0.0.1", port, node=self.name, key=KEY)
        return Cable(link, lambda: self.cluster.connected(self.name, node))


class Cable:
    """A link that says nothing while its ends are on two sides of a partition."""

    def __init__(self, link: GreetedLink, connected: Callable[[], bool]) -> None:
        self._link = link
        self._connected = connected
        self.broken = False

    @property
    def features(self) -> tuple[str, ...]:
        return self._link.features

    async def request(
        self,
        verb: str,
        literal: bytes | None = None,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109  as the port has it
    ) -> Answered:
        if not self._connected():
            self.broken = True
            raise LvsmError("no route to host", code="unreachable")
        try:
            return await self._link.request(verb, literal, timeout=timeout)
        finally:
            self.broken = self.broken or self._link.broken

    async def close(self) -> None:
        await self._link.close()


class Ahead:
    """The machine's clock, set forward by some seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return clock.now() + self.seconds

    def monotonic(self) -> float:
        return clock.monotonic()


class Cluster(dict[str, Machine]):
    """Nodes by their names; `sides` are those that hear each other, all when it is empty."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names
        self.clock = Ahead()
        self.sides: list[set[str]] = []
        for name in names:
            self[name] = Machine(name=name, cluster=self, folder=folder / name)

    def connected(self, one: str, other: str) -> bool:
        return not self.sides or any({one, other} <= side for side in self.sides)

    async def agree(self, *names: str) -> Generation:
        """Wait until these nodes (all that are up) use one generation, which is returned."""
        members = [self[name] for name in names] or [m for m in self.values() if m.view]
        await until(lambda: len({member.generation.hash for member in members}) == 1)
        return members[0].generation


@asynccontextmanager
async def cluster(folder: Path, count: int = 3) -> AsyncIterator[Cluster]:
    """Started nodes that have heard each other."""
    names = tuple(f"n{number}" for number in range(1, count + 1))
    nodes = Cluster(folder, names)
    try:
        for machine in nodes.values():
            await machine.start()
        await until(
            lambda: all(
                len(m.saving.known.fresh()) == count - 1 for m in nodes.values() if m.saving
            )
        )
        yield nodes
    finally:
        for machine in nodes.values():
            await machine.cut()


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Poll."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  there is no event for what a test looks at
            await asyncio.sleep(0.01)
