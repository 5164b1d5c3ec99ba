"""What plvsd opens before it works: its folders, its local socket, heartbeat's pipe, its TCP port.

The local socket and the pipe lie in a folder that only root can change, so that heartbeat's
scripts, which run as root, find nothing there that the worker put in its place.
"""

from __future__ import annotations

import grp
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lvsm.adapters import event_pipe
from lvsm.settings import Paths, Settings

_WAITING = 128
"""Connections that wait in the kernel's queue while the worker starts, instead of being refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """Where plvsd hears: its local socket, TCP listeners, the descriptor of heartbeat's pipe."""

    local: socket.socket
    tcp: list[socket.socket]
    pipe: int

    def close(self) -> None:
        """Close this process's copies."""
        for listener in (self.local, *self.tcp):
            listener.close()
        os.close(self.pipe)


def open_all(settings: Settings) -> Openings:
    """Make the folders and open everything, as root; raises OSError."""
    paths = settings.paths
    paths.run.mkdir(mode=0o755, exist_ok=True)
    _make_workers_folder(paths.lib, settings, 0o700)
    _make_workers_folder(paths.audit, settings, 0o750)
    _make_checks_folder(paths.checks, settings)
    make_haresources(paths.haresources)
    local, pipe = open_local(paths)
    return Openings(local=local, tcp=open_tcp(settings), pipe=pipe)


def make_haresources(path: Path) -> None:
    """An empty haresources where there is none; heartbeat does not start without one."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        path.chmod(0o644)  # whatever the umask is


def open_local(paths: Paths) -> tuple[socket.socket, int]:
    """The local socket and heartbeat's pipe, which the folder's owner makes; raises OSError."""
    paths.socket.unlink(missing_ok=True)
    local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    local.bind(str(paths.socket))
    paths.socket.chmod(0o666)  # who is there is asked of the kernel, for each connection
    local.listen(_WAITING)
    return local, event_pipe.make(paths.event_pipe)


def open_tcp(settings: Settings) -> list[socket.socket]:
    """The TCP listeners; raises OSError that names the address which cannot be had."""
    return [_listen(address, settings.port) for address in settings.listen or ("::",)]


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listener.bind((address, port))
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {address} port {port}: {error}") from error
    listener.listen(_WAITING)
    return listener


def _make_workers_folder(path: Path, settings: Settings, mode: int) -> None:
    """The worker's own; whoever else may write beside it cannot put a link in its place."""
    path.mkdir(mode=mode, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(folder, settings.uid, settings.gid)
        os.fchmod(folder, mode)  # one that was there may have been open to all
    finally:
        os.close(folder)


def _make_checks_folder(path: Path, settings: Settings) -> None:
    """The worker writes in it, mon's group reads; without mon, the worker alone."""
    try:
        gid = grp.getgrnam("mon").gr_gid
    except KeyError:
        gid = settings.gid
    path.mkdir(mode=0o750, exist_ok=True)
    os.chown(path, settings.uid, gid)
    path.chmod(0o2750)  # what is made in it belongs to mon's group too
