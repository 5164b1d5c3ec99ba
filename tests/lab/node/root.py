"""The root file system of a node.

The machine's own file system, read-only through hostfs, is the lower layer; what the node writes
goes to memory and dies with it. `/etc` and `/var/lib` have their upper layer on the node's disk
(`/dev/ubda`), so that they survive a power cut as far as they were synced.

hostfs acts with the rights of the uid that runs the kernel, so what that uid may not read on the
machine, the node's root may not read either. Folders of that sort below `/var/lib` are made
anew, empty, with their owner and mode.
"""

from __future__ import annotations

import ctypes
import os
import stat

_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_RDONLY, _MS_BIND, _MS_REC, _MS_NOATIME = 1, 4096, 16384, 1024
_MNT_DETACH = 2
_SYS_PIVOT_ROOT, _SYS_FINIT_MODULE = 155, 313
_MODULES = "/usr/lib/uml/modules"
_BASE = "/mnt"  # any folder that every Debian has
_NEW = f"{_BASE}/root"
_DISK = f"{_BASE}/disk"
_DEPTH = 3


def build(work: str) -> None:
    """Make the new root and move into it; `work` appears there as /opt/lab."""
    _mount("tmpfs", _BASE, "tmpfs")
    _insert_module("kernel/fs/overlayfs/overlay.ko")
    for folder in ("upper", "work", "root", "disk"):
        os.mkdir(f"{_BASE}/{folder}")  # noqa: PTH102 - pathlib costs 20 ms here
    _overlay("/", f"{_BASE}/upper", f"{_BASE}/work", _NEW)
    _mount("devtmpfs", f"{_NEW}/dev", "devtmpfs")
    _mount(f"{_NEW}/dev/ubda", _DISK, "ext4", _MS_NOATIME)
    for folder in ("/etc", "/var/lib"):
        _persist(folder)
    _mount_system()
    for source, target in ((_MODULES, "/usr/lib/modules"), (work, "/opt/lab")):
        os.makedirs(_NEW + target, exist_ok=True)  # noqa: PTH103
        _mount(source, _NEW + target, None, _MS_BIND)
    if os.path.isdir(f"{work}/tree"):  # noqa: PTH112
        os.makedirs(f"{_NEW}/opt/tree", exist_ok=True)  # noqa: PTH103
        _mount(f"{work}/tree", f"{_NEW}/opt/tree", None, _MS_BIND)
    _pivot()
    _insert_module("kernel/lib/crc-ccitt.ko")
    _insert_module("kernel/net/ipv6/ipv6.ko")


def set_hostname(name: str) -> None:
    """Name this node."""
    _check(_LIBC.sethostname(name.encode(), len(name)), "hostname")


def join_networks(batch: str) -> None:
    """Run the `ip` commands that the supervisor wrote for this node."""
    _write("/proc/sys/net/ipv6/conf/default/accept_dad", "0")
    _write("/proc/sys/net/ipv6/conf/default/accept_ra", "0")
    pid = os.posix_spawn("/usr/sbin/ip", ["ip", "-batch", batch], os.environ)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise SystemExit(f"ip -batch {batch}: exit status {status}")


def _persist(folder: str) -> None:
    """Lay the disk's copy of `folder` over the machine's."""
    upper, work = f"{_DISK}{folder}/upper", f"{_DISK}{folder}/work"
    if not os.path.isdir(upper):  # noqa: PTH112
        os.makedirs(upper)  # noqa: PTH103
        os.makedirs(work)  # noqa: PTH103
        if folder == "/var/lib":
            _renew_unreadable(folder, upper, _DEPTH)
    _overlay(folder, upper, work, _NEW + folder)


def _renew_unreadable(lower: str, upper: str, depth: int) -> None:
    """Stand opaque, empty folders before those that this kernel's uid cannot enter."""
    for entry in os.scandir(lower):
        if not entry.is_dir(follow_symlinks=False):
            continue
        if os.access(entry.path, os.R_OK | os.X_OK):
            if depth > 1:
                _renew_unreadable(entry.path, f"{upper}/{entry.name}", depth - 1)
            continue
        found = entry.stat(follow_symlinks=False)
        path = f"{upper}/{entry.name}"
        _make_parents(upper, lower)
        os.mkdir(path)  # noqa: PTH102
        os.chown(path, found.st_uid, found.st_gid)
        os.chmod(path, stat.S_IMODE(found.st_mode))  # noqa: PTH101
        os.setxattr(path, "trusted.overlay.opaque", b"y")


def _make_parents(upper: str, lower: str) -> None:
    """Make `upper` as `lower` is; overlayfs shows the upper folder's owner and mode."""
    if os.path.isdir(upper):  # noqa: PTH112
        return
    _make_parents(upper.rpartition("/")[0], lower.rpartition("/")[0])
    os.mkdir(upper)  # noqa: PTH102
    found = os.stat(lower)  # noqa: PTH116
    os.chown(upper, found.st_uid, found.st_gid)
    os.chmod(upper, stat.S_IMODE(found.st_mode))  # noqa: PTH101


def _mount_system() -> None:
    for source, target, mode in (
        ("proc", "/proc", None),
        ("sysfs", "/sys", None),
        ("tmpfs", "/run", "mode=755"),
        ("tmpfs", "/tmp", "mode=1777"),
        ("tmpfs", "/root", "mode=700"),
    ):
        _mount(source, _NEW + target, source, data=mode)
    for folder, bits in (("/dev/pts", 0o755), ("/dev/shm", 0o1777), ("/run/lock", 0o1777)):
        os.makedirs(_NEW + folder, exist_ok=True)  # noqa: PTH103
        os.chmod(_NEW + folder, bits)  # noqa: PTH101
    _mount("devpts", f"{_NEW}/dev/pts", "devpts", data="gid=5,mode=620,ptmxmode=666")
    _mount("tmpfs", f"{_NEW}/dev/shm", "tmpfs", data="mode=1777")


def _pivot() -> None:
    """Make the new root the only one; programs the kernel starts (modprobe) see it too."""
    os.chdir(_NEW)
    _check(_LIBC.syscall(_SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    _check(_LIBC.umount2(b".", _MNT_DETACH), "umount")
    os.chdir("/")


def _overlay(lower: str, upper: str, work: str, target: str) -> None:
    _mount("overlay", target, "overlay", data=f"lowerdir={lower},upperdir={upper},workdir={work}")


def _mount(
    source: str, target: str, kind: str | None, flags: int = 0, data: str | None = None
) -> None:
    result = _LIBC.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    _check(result, f"mount {source} on {target}")


def _insert_module(path: str) -> None:
    """Load a module; an error is told and borne, since what needs it says more."""
    fd = os.open(f"{_MODULES}/{os.uname().release}/{path}", os.O_RDONLY)
    try:
        _check(_LIBC.syscall(_SYS_FINIT_MODULE, fd, b"", 0), f"load {path}")
    finally:
        os.close(fd)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123
        file.write(text)


def _check(result: int, what: str) -> None:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
