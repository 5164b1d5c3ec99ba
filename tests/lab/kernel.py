"""One User Mode Linux kernel: its command line, its start and its end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.topology import NodeInfo
    from tests.lab.work import Work

PYTHON = "/usr/bin/python3"
MAX_DRAIN = 10_000
_FULL_QUEUE = 2048
_ADDR_NO_RANDOMIZE = 0x0040000
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None, use_errno=True)

# Benchmarks that only RAID and btrfs care for: 0.85 of the 1.1 s that the kernel needs to start.
_SKIPPED = "initcall_blacklist=raid6_select_algo,calibrate_xor_blocks"


class Kernel:
    """A running node, seen from the machine."""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.pid = process.pid
        self.line = line
        self.fd = os.pidfd_open(process.pid)
        self._process = process

    def kill(self) -> None:
        """Cut the power: kill the kernel and everything that serves it, and wait for the end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        while True:
            try:
                os.waitpid(-self.pid, 0)  # its helpers became ours: see `adopt_orphans`
            except ChildProcessError:
                break
        self._process.wait()

    def close(self) -> None:
        """Let go of a kernel that has ended."""
        os.close(self.fd)

    def freeze(self) -> None:
        """Stop it where it stands (the main process only: its group would not come back)."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)


def adopt_orphans() -> None:
    """Become the parent of what a killed kernel leaves, so that its end can be waited for."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def find_programs() -> None:
    """Say what to do where User Mode Linux or another program is missing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    needed = ("linux.uml", "ip", "nft", "mkfs.ext4")
    missing = [name for name in needed if not shutil.which(name, path=path)]
    if missing:
        raise LabError(f"not installed: {', '.join(missing)}; run `make lab`")


def start(node: NodeInfo, work: Work, taps: Mapping[str, int], core: int) -> Kernel:
    """Start a node on a core; its agent answers on the kernel's line once it is up."""
    ours, theirs = socket.socketpair()
    fds = [taps[node.tap(interface)] for interface in node.interfaces]
    for fd in fds:
        _drain(fd)
    argv = _command_line(node, work, fds, theirs.fileno())
    with work.console(node.name).open("ab") as console, theirs:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=[*fds, theirs.fileno()],
                start_new_session=True,
                user=work.uid,
                group=work.gid,
                extra_groups=[] if os.getuid() == 0 else None,
                cwd="/",
                env={"TMPDIR": _memory(), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
                preexec_fn=lambda: _prepare(core),  # noqa: PLW1509 - one thread, by design
            )
        except OSError as error:
            raise LabError(f"{argv[0]} cannot be started: {error}") from error
    return Kernel(process, ours)


def _command_line(node: NodeInfo, work: Work, fds: list[int], line: int) -> list[str]:
    cards = [
        f"vec{number}:transport=fd,fd={fd},vec=0,mac={interface.mac}"
        for number, (fd, interface) in enumerate(zip(fds, node.interfaces, strict=True))
    ]
    return [
        "linux.uml",
        f"umid={node.name}",
        f"uml_dir={work.sockets}",
        f"mem={node.memory}M",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "devtmpfs.mount=0",  # the machine's /dev/shm must stay in sight until the root is built
        f"ubd0={work.disk(node.name)}",
        *cards,
        "con=null",
        "con0=null,fd:1",
        f"ssl0=fd:{line},fd:{line}",
        "quiet",
        _SKIPPED,
        f"init={PYTHON}",
        "--",
        "-I",
        "-S",
        "-E",
        f"{work.programs}/tests/lab/node/boot.py",
        node.name,
        str(work.path),
    ]


def _prepare(core: int) -> None:
    """In the child: one core, no random addresses (they cost 20 MB a node), die with the lab."""
    os.sched_setaffinity(0, {core})
    _LIBC.personality(_ADDR_NO_RANDOMIZE)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _memory() -> str:
    """Return where the nodes' memory lives: on tmpfs, or it would be written to a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"


def _drain(tap: int) -> None:
    """Throw away what was sent to the node while it was off."""
    os.set_blocking(tap, False)
    for _ in range(MAX_DRAIN):
        try:
            os.read(tap, _FULL_QUEUE)
        except OSError:
            return


def cores() -> list[int]:
    """List the cores this process may use."""
    return sorted(os.sched_getaffinity(0))


def read_console(path: Path) -> str:
    """Return what a node wrote to its console."""
    return path.read_text(errors="replace") if path.exists() else ""
