"""The lab's working folder: where it is, what is in it, and how it goes away.

The nodes' kernels run as a uid without rights, so they can reach neither a folder below /root nor
a file of mode 600. Where DIR itself can be reached, the working folder is DIR/work; otherwise it
is a folder in /dev/shm or /tmp and DIR/work a link to it. Its path is free of characters that
mean something on a kernel's command line.
"""

from __future__ import annotations

import os
import py_compile
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.wire import SOCKET

NOBODY_IN_PARTICULAR = 1_977_000  # the uid of the nodes' kernels where root starts the lab
DISK_MEGABYTES = 96
_PLAIN = re.compile(r"[A-Za-z0-9/_.+-]+")
_NODE_PROGRAMS = ("__init__.py", "boot.py", "root.py", "agent.py", "task.py", "httpd.py")
_PROGRAMS = ("__init__.py", "frames.py", *(f"node/{name}" for name in _NODE_PROGRAMS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The paths of one lab."""

    path: Path
    uid: int
    gid: int

    @property
    def programs(self) -> Path:
        """What runs inside the nodes."""
        return self.path / "programs"

    @property
    def sockets(self) -> Path:
        """Where the kernels keep their management sockets."""
        return self.path / "uml"

    @property
    def tree(self) -> Path:
        """The copy of the checkout that nodes see as /opt/tree."""
        return self.path / "tree"

    def folder(self, node: str) -> Path:
        """Return a node's own folder."""
        return self.path / "nodes" / node

    def disk(self, node: str) -> Path:
        """Return the image of a node's disk."""
        return self.folder(node) / "disk"

    def console(self, node: str) -> Path:
        """Return the file that a node's console, log and boot commands write to."""
        return self.folder(node) / "console"


def create(state: Path) -> Work:
    """Make an empty working folder for the lab at `state`."""
    root = os.getuid() == 0
    uid, gid = (NOBODY_IN_PARTICULAR,) * 2 if root else (os.getuid(), os.getgid())
    path = state / "work"
    if (root and not _reachable(state)) or not _PLAIN.fullmatch(str(path)):
        base = next((b for b in ("/dev/shm", "/tmp") if os.access(b, os.W_OK | os.X_OK)), None)
        if base is None:
            raise LabError(f"{state} cannot be reached by uid {uid}, nor is there /dev/shm or /tmp")
        path.symlink_to(tempfile.mkdtemp(prefix="lvsm-lab-", dir=base))
        path = path.resolve()
    else:
        path.mkdir()
    path.chmod(0o755)
    work = Work(path=path, uid=uid, gid=gid)
    for folder in (work.programs, work.sockets, work.path / "nodes"):
        folder.mkdir(mode=0o755)
    if root:
        os.chown(work.sockets, uid, gid)
    return work


def remove(state: Path) -> None:
    """Remove a working folder, wherever it is."""
    path = state / "work"
    if path.is_symlink():
        target = path.readlink()
        if target.name.startswith("lvsm-lab-"):
            shutil.rmtree(target, ignore_errors=True)
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def clear(state: Path) -> None:
    """Remove what a lab left in DIR; nobody may be using it."""
    remove(state)
    for name in (SOCKET, "plan"):
        (state / name).unlink(missing_ok=True)


def install_programs(work: Work) -> None:
    """Copy and compile what runs inside the nodes."""
    source = Path(__file__).parent
    target = work.programs / "tests" / "lab"
    (target / "node").mkdir(parents=True)
    for name in _PROGRAMS:
        shutil.copyfile(source / name, target / name)
        (target / name).chmod(0o644)
        py_compile.compile(str(target / name), doraise=True)
    for folder in (work.programs, *work.programs.rglob("*")):
        folder.chmod(0o755 if folder.is_dir() else 0o644)


def make_blank_disk(work: Work) -> Path:
    """Make the image that every node's disk starts as."""
    blank = work.path / "blank"
    with blank.open("wb") as file:
        file.truncate(DISK_MEGABYTES << 20)
    command = [
        "mkfs.ext4",
        "-q",
        "-F",
        "-m",
        "0",
        "-O",
        "^metadata_csum",
    ]
    command += ["-E", "lazy_itable_init=1,nodiscard", "-J", "size=4", str(blank)]
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    done = subprocess.run(command, check=False, capture_output=True, env=environment)
    if done.returncode:
        raise LabError(f"mkfs.ext4: {done.stderr.decode().strip()}")
    return blank


def make_node(work: Work, node: str, *, blank: Path, batch: str) -> None:
    """Make a node's folder with its disk."""
    folder = work.folder(node)
    folder.mkdir(mode=0o755)
    (folder / "ip").write_text(batch)
    (folder / "ip").chmod(0o644)
    disk = work.disk(node)
    subprocess.run(["cp", "--sparse=always", str(blank), str(disk)], check=True)
    disk.chmod(0o600)
    if os.getuid() == 0:
        os.chown(disk, work.uid, work.gid)


def _reachable(folder: Path) -> bool:
    """Tell whether a stranger may pass through every folder down to this one."""
    return all(f.stat().st_mode & 0o001 for f in (folder, *folder.resolve().parents))
