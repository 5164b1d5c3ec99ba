"""The background process that owns a lab: kernels, networks, the unix socket in DIR.

It lives until `down`, a signal, the end of its helper, or (until told to `detach`) the end of its
parent; then everything ends with it. It reports to its parent by lines on stdout: `. text` for
progress, `ok`, or `! text` for the reason why there is no lab.

Usage: python3 lab-supervisor DIR     (started by `client.Lab.up`, with DIR/plan written)
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import frames, kernel, plan, switch, tree, work
from tests.lab.errors import LabError
from tests.lab.link import ClientLink
from tests.lab.machine import Machine
from tests.lab.network import Network
from tests.lab.topology import TopologyError
from tests.lab.wire import SOCKET

if TYPE_CHECKING:
    from tests.lab.plan import LabPlan

BOOTING_PER_CORE = 1


class Supervisor:
    """A lab while it exists."""

    def __init__(self, state: Path, lab: LabPlan, place: work.Work, network: Network) -> None:
        cores = kernel.cores()
        self._state = state
        self._plan = lab
        self._network = network
        self._machines = {
            node.name: Machine(
                info=node,
                plan=lab.nodes[node.name],
                work=place,
                network=network,
                core=cores[number % len(cores)],
            )
            for number, node in enumerate(lab.topology.nodes.values())
        }
        self._cuts: set[switch.Cut] = set()
        self._forwards: dict[int, str] = {}
        self._ending = asyncio.Event()
        self._detached = False

    async def run(self) -> None:
        """Boot everything, serve requests, and bury it all."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_reader(0, self._hear_parent)
        helper = os.pidfd_open(self._network.pid)
        loop.add_reader(helper, self._ending.set)
        try:
            async with asyncio.TaskGroup() as self._group:
                serving = self._group.create_task(self._serve())
                await self._ending.wait()
                serving.cancel()
                raise asyncio.CancelledError
        finally:
            loop.remove_reader(helper)
            for machine in self._machines.values():
                with contextlib.suppress(LabError, OSError):
                    machine.crash()
            self._network.close()

    async def _serve(self) -> None:
        try:
            await self._boot_all()
        except ExceptionGroup as group:
            tell(f"! {'; '.join(str(error) for error in _leaves(group))}")
            self._ending.set()
            return
        loop = asyncio.get_running_loop()
        await loop.create_unix_server(lambda: ClientLink(self._take), sock=_listen(self._state))
        tell("ok")

    async def _boot_all(self) -> None:
        begun = time.monotonic()
        turns = {core: asyncio.Semaphore(BOOTING_PER_CORE) for core in kernel.cores()}

        async def boot(machine: Machine) -> None:
            async with turns[machine.core]:
                await machine.boot()
            tell(f". {machine.info.name} is up ({time.monotonic() - begun:.1f} s)")

        async with asyncio.TaskGroup() as group:
            for machine in self._machines.values():
                group.create_task(boot(machine))

    def _hear_parent(self) -> None:
        """Go with the parent, unless it has said that the lab stays."""
        data = os.read(0, 64)
        if b"detach" in data:
            self._detached = True
        if not data:
            asyncio.get_running_loop().remove_reader(0)
            if not self._detached:
                self._ending.set()

    def _take(self, client: ClientLink, frame: frames.Frame) -> None:
        """Take a frame that is not for the client's node, or that chooses the node."""
        if frame.kind == frames.REQUEST:
            self._group.create_task(self._answer(client, frame))
            return
        try:
            name = self._plan.topology.node(frame.payload.decode(errors="replace")).name
            client.agent = self._machines[name].running_agent()
        except (LabError, TopologyError) as error:
            client.refuse(frame.channel, str(error))

    async def _answer(self, client: ClientLink, frame: frames.Frame) -> None:
        try:
            answer = await self._perform(json.loads(frame.payload))
            client.send(frames.REPLY, frame.channel, json.dumps(answer).encode())
        except (LabError, TopologyError, OSError, ValueError, LookupError) as error:
            client.refuse(frame.channel, str(error) or type(error).__name__)

    async def _perform(self, request: dict[str, Any]) -> Any:
        """Do what a request asks; what has no answer of its own is answered by {}."""
        match request["verb"]:
            case "boot":
                await self._machine(request).boot()
            case "status":
                return await self._status()
            case "crash" | "pause" | "resume" as verb:
                getattr(self._machine(request), verb)()
            case "cut" | "heal":
                self._change_cuts(request)
            case "forward":
                self._forward(request)
            case "down":
                self._ending.set()
            case other:
                raise LabError(f"no request {other!r}")
        return {}

    def _machine(self, request: dict[str, Any]) -> Machine:
        return self._machines[self._plan.topology.node(request["node"]).name]

    def _change_cuts(self, request: dict[str, Any]) -> None:
        left, right = (
            [self._plan.topology.node(name).name for name in request[side]] for side in ("a", "b")
        )
        pairs = switch.pairs(left, right, one_way=request["one_way"])
        if not pairs:
            raise LabError("a node has no link to itself")
        cuts = self._cuts | pairs if request["verb"] == "cut" else self._cuts - pairs
        self._network.cut(cuts)
        self._cuts = cuts

    def _forward(self, request: dict[str, Any]) -> None:
        node, host_port = request["node"], request["host_port"]
        target = node if _is_address(node) else self._machine(request).info.address
        listener = socket.create_server(("127.0.0.1", host_port))
        with listener:
            port = listener.getsockname()[1]
            self._network.forward(listener, target, request["port"])
        self._forwards[port] = f"{node}:{request['port']}"

    async def _status(self) -> dict[str, Any]:
        return {
            "topology": self._plan.topology.name,
            "shape": self._plan.shape,
            "nodes": {name: await _node_status(m) for name, m in self._machines.items()},
            "cuts": [list(cut) for cut in sorted(self._cuts)],
            "forwards": {str(port): target for port, target in self._forwards.items()},
        }


async def _node_status(machine: Machine) -> dict[str, Any]:
    answers = False
    if machine.agent and machine.state == "up":
        with contextlib.suppress(TimeoutError, LabError):
            async with asyncio.timeout(1):
                await machine.agent.ping()
                answers = True
    return {
        "kind": machine.info.kind,
        "state": machine.state,
        "answers": answers,
        "boots": machine.boots,
        "pid": machine.kernel.pid if machine.kernel else None,
        "addresses": machine.info.addresses,
        "addresses6": machine.info.addresses6,
    }


def _is_address(text: str) -> bool:
    with contextlib.suppress(OSError):
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
        return True
    return False


def _listen(state: Path) -> socket.socket:
    """Listen in DIR, however long its path is; only the owner may connect."""
    listener = socket.socket(socket.AF_UNIX)
    folder = os.open(state, os.O_PATH)
    previous = os.umask(0o177)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{SOCKET}")
    finally:
        os.umask(previous)
        os.close(folder)
    listener.listen(64)
    return listener


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def tell(line: str) -> None:
    """Report to the parent, if it still listens."""
    with contextlib.suppress(OSError):
        os.write(1, line.replace("\n", "\r").encode() + b"\n")


def _prepare(state: Path) -> Supervisor:
    """Make all that exists before the first node boots."""
    kernel.find_programs()
    kernel.adopt_orphans()
    lab = plan.parse((state / "plan").read_text())
    network = Network(lab.topology)
    place = work.create(state)
    work.install_programs(place)
    blank = work.make_blank_disk(place)
    for node in lab.topology.nodes.values():
        work.make_node(place, node.name, blank=blank, batch=switch.node_batch(node))
    if lab.tree:
        tree.copy(lab.tree, place.tree)
        tell(f". a copy of {lab.tree} is in the nodes at /opt/tree")
    return Supervisor(state, lab, place, network)


def main() -> None:
    """Be the supervisor of the lab in the folder that is the one argument."""
    state = Path(sys.argv[1])
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(f"! a lab is up in {state}; `down` ends it")
        raise SystemExit(1) from None
    try:
        lab = _prepare(state)  # forks, so it comes before the loop
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(lab.run())
    except LabError as error:
        tell(f"! {error}")
    finally:
        work.clear(state)
