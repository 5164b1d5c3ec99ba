"""The helper process that owns the lab's network namespace, and buries the lab.

It is forked before anything else runs, makes the namespace, bridges and taps, and hands the taps
to the supervisor. Later it cuts and heals, and forwards ports of the machine to nodes: listeners
come from the machine's namespace by descriptor, connections are dialled from here.

It is also the lab's undertaker: it knows every kernel's process group, and when the supervisor
goes away, however it does, kills them all. With the helper the namespace ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import switch
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from tests.lab.topology import Topology

MAX_MESSAGE = 1 << 16
MAX_FDS = 250  # the kernel's limit for one message is 253
ANSWER_SECONDS = 20
CONNECT_SECONDS = 5
COPY_SIZE = 1 << 16
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 2, 0x1000
_LIBC = ctypes.CDLL(None, use_errno=True)


class Network:
    """The supervisor's handle on the helper: asks, and waits for the answer."""

    def __init__(self, topology: Topology) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if not self.pid:
            ours.close()
            _run_helper(topology, theirs)
        theirs.close()
        self._socket = ours
        ours.settimeout(ANSWER_SECONDS)
        names = [name for name, _ in switch.taps(topology)]
        self.taps: dict[str, int] = {}
        for start in range(0, len(names), MAX_FDS):
            part = names[start : start + MAX_FDS]
            self.taps |= dict(zip(part, self._receive(len(part)), strict=True))

    def cut(self, cuts: set[switch.Cut]) -> None:
        """Make `cuts` the only ones."""
        self._ask({"verb": "cut", "cuts": sorted(cuts)})

    def forward(self, listener: socket.socket, host: str, port: int) -> None:
        """Connect whoever dials `listener` to host and port in the lab."""
        self._ask({"verb": "forward", "host": host, "port": port}, [listener.fileno()])

    def guard(self, pid: int) -> None:
        """Have this process group killed when the supervisor is gone."""
        self._ask({"verb": "guard", "pid": pid})

    def unguard(self, pid: int) -> None:
        """Forget a process group that has ended."""
        self._ask({"verb": "unguard", "pid": pid})

    def close(self) -> None:
        """End the helper, and the namespace with it."""
        self._socket.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _ask(self, request: dict[str, Any], fds: list[int] | None = None) -> None:
        socket.send_fds(self._socket, [json.dumps(request).encode()], fds or [])
        self._receive(0)

    def _receive(self, count: int) -> list[int]:
        data, fds, _, _ = socket.recv_fds(self._socket, MAX_MESSAGE, count)
        if data != b"ok":
            raise LabError(data.decode() or "the network helper has ended; see the lab's log")
        return fds


def _run_helper(topology: Topology, control: socket.socket) -> None:
    """Be the helper; never return."""
    status = 1
    try:
        _die_with_parent()
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        fds = _build(topology)
        for start in range(0, len(fds), MAX_FDS):
            socket.send_fds(control, [b"ok"], fds[start : start + MAX_FDS])
        for fd in fds:
            os.close(fd)
        asyncio.run(_Helper(topology, control).run())
        status = 0
    except (OSError, LabError) as error:
        with contextlib.suppress(OSError):
            control.send(str(error).encode())
    finally:
        os._exit(status)


class _Helper:
    """What the helper does once the networks stand."""

    def __init__(self, topology: Topology, control: socket.socket) -> None:
        self._topology = topology
        self._control = control
        self._guarded: set[int] = set()
        self._servers: list[asyncio.Server] = []
        self._filtering = False
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Serve the supervisor until it goes away."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._control.fileno(), self._wake)
        loop.add_signal_handler(signal.SIGTERM, self._ended.set)
        self._requests: asyncio.Queue[tuple[bytes, list[int]]] = asyncio.Queue(maxsize=16)
        try:
            async with asyncio.TaskGroup() as group:
                worker = group.create_task(self._work())
                await self._ended.wait()
                worker.cancel()
        finally:
            for pid in self._guarded:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            os._exit(0)  # connections that are being forwarded need no goodbye

    def _wake(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 1)
        except OSError:
            data, fds = b"", []
        if data:
            self._requests.put_nowait((data, fds))
        else:
            self._ended.set()

    async def _work(self) -> None:
        while True:
            data, fds = await self._requests.get()
            try:
                await self._perform(json.loads(data), fds)
                answer = b"ok"
            except (OSError, LabError) as error:
                answer = str(error).encode() or b"failed"
            self._control.send(answer)

    async def _perform(self, request: dict[str, Any], fds: list[int]) -> None:
        match request["verb"]:
            case "guard":
                self._guarded.add(request["pid"])
            case "unguard":
                self._guarded.discard(request["pid"])
            case "cut":
                self._cut({switch.Cut(*pair) for pair in request["cuts"]})
            case "forward":
                listener = socket.socket(fileno=fds[0])
                address = request["host"], request["port"]
                server = await asyncio.start_server(
                    lambda reader, writer: _forward(reader, writer, address), sock=listener
                )
                self._servers.append(server)

    def _cut(self, cuts: set[switch.Cut]) -> None:
        script = switch.cuts_script(self._topology, cuts)
        if not self._filtering:
            script = switch.filter_script(self._topology) + script
        _run(["nft", "-f", "-"], script)
        self._filtering = True


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: tuple[str, int]
) -> None:
    """Carry one connection to a node, both ways, until both ends have finished."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            far_reader, far_writer = await asyncio.open_connection(*address)
    except OSError:
        writer.transport.abort()
        return
    with contextlib.suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, far_writer))
            group.create_task(_copy(far_reader, writer))
    for one in (writer, far_writer):
        one.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(COPY_SIZE):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def _build(topology: Topology) -> list[int]:
    """Make the namespace and all that is in it; return the taps' descriptors."""
    _unshare()
    for path, value in switch.sysctls(topology).items():
        with contextlib.suppress(FileNotFoundError):  # a machine without IPv6
            Path("/proc/sys/net", path).write_text(value)
    fds = [_open_tap(name) for name, _ in switch.taps(topology)]
    _run(["ip", "-batch", "-"], switch.bridges_batch(topology))
    return fds


def _unshare() -> None:
    """Enter a network namespace; without root, by way of a user namespace."""
    uid, gid = os.getuid(), os.getgid()
    if not uid:
        _check(_LIBC.unshare(_CLONE_NEWNET), "a network namespace cannot be made")
        return
    _check(_LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET), "a user namespace cannot be made")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _open_tap(name: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    return fd


def _run(argv: list[str], text: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"
    done = subprocess.run(
        argv,
        input=text.encode(),
        capture_output=True,
        check=False,
        timeout=ANSWER_SECONDS,
        env={"PATH": path},
    )
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.decode().strip()}")


def _die_with_parent() -> None:
    parent = os.getppid()
    _check(_LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0), "prctl")
    if parent != os.getppid():
        raise LabError("the supervisor has ended")


def _check(result: int, what: str) -> None:
    if result < 0:
        raise LabError(f"{what}: {os.strerror(ctypes.get_errno())}")
