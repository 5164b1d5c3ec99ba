"""plvsd: the program. It starts as root, forks, and its larger part drops to its own uid.

    root: read files, bind sockets ──fork──► worker (uid plvsd, no capabilities): all the thinking
      └── privileged half: answers a closed set of typed requests over a socketpair

The first process stays the privileged half and is the one that init watches. It ends when the
worker ends, and the worker ends when it does; what the kernel forwards goes on without either.
"""

from __future__ import annotations

import argparse
import grp
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path

from lvsm import __version__
from lvsm.adapters import event_pipe, lock
from lvsm.core.errors import LvsmError
from lvsm.privileged.drop import become
from lvsm.settings import Paths, Settings, load

log = logging.getLogger("plvsd")
LOCK_SECONDS = 3.0
_AGAIN_SECONDS = 0.1
FORMAT = "%(asctime)s %(processName)s %(levelname)s %(name)s: %(message)s"


def main() -> None:
    """Run plvsd; the exit status is 0 after SIGTERM, 2 when a file is wrong, 1 otherwise."""
    options = _arguments()
    paths = Paths(conf=options.config)
    if os.geteuid() != 0:
        sys.exit("plvsd: it starts as root and drops to its own uid: run it as root")
    try:
        if options.release:
            sys.exit(_release(paths, dry_run=options.dry_run))
        settings = load(paths)
        _lock(paths)
        listeners = _bind(settings)
    except (LvsmError, OSError) as error:
        sys.stderr.write(f"plvsd: {error}\n")
        sys.exit(1 if isinstance(error, OSError | RunsError) else 2)
    _log_to(paths.log if options.daemon else None, settings)
    if options.daemon:
        _to_background()
    sys.exit(_run(settings, listeners))


def parser() -> argparse.ArgumentParser:
    """What the command line may say; the manual page is made of it too."""
    found = argparse.ArgumentParser(
        prog="plvsd", description="The daemon that keeps a node of an LVSM cluster."
    )
    found.add_argument(
        "--config", type=Path, default=Paths().conf, help="this node's file (%(default)s)"
    )
    found.add_argument(
        "--daemon", action="store_true", help="go to the background, log to /var/log/plvsd.log"
    )
    found.add_argument(
        "--release",
        action="store_true",
        help="give back what plvsd changed on this machine (addresses, IPVS services, packet"
        " filter, sysctls, devices, haresources) and end; plvsd and heartbeat must be stopped",
    )
    found.add_argument(
        "--dry-run", action="store_true", help="with --release: only print the commands"
    )
    found.add_argument("--version", action="version", version=f"plvsd {__version__}")
    return found


def _arguments() -> argparse.Namespace:
    given = parser()
    options = given.parse_args()
    if options.dry_run and not options.release:
        given.exit(64, "plvsd: --dry-run is for --release\n")
    return options


class RunsError(LvsmError):
    """Another program has to be stopped first."""

    code = "runs-already"


def _lock(paths: Paths) -> None:
    """Be the only plvsd of this machine until this process and its child end; raises RunsError.

    One that has been told to stop has LOCK_SECONDS to end.
    """
    paths.run.mkdir(mode=0o755, exist_ok=True)
    for _ in range(round(LOCK_SECONDS / _AGAIN_SECONDS)):
        if lock.take(paths.lock) is not None:
            return
        time.sleep(_AGAIN_SECONDS)
    raise RunsError("plvsd runs on this machine: stop it first (/etc/init.d/plvsd stop)")


def _release(paths: Paths, *, dry_run: bool) -> int:
    """Give everything back; the exit status is 1 when something was refused.

    While heartbeat runs here the other directors count on what this node holds, so it is refused.
    """
    from lvsm.adapters import heartbeat
    from lvsm.wiring import release

    if not dry_run:
        _lock(paths)
        if heartbeat.instance() is not None:
            raise RunsError(
                "heartbeat runs on this machine, so no other director would take over what this"
                " node holds: stop it first (/etc/init.d/heartbeat stop)"
            )
    refused = release(paths, dry_run=dry_run, say=_say)
    for problem in refused:
        sys.stderr.write(f"plvsd: {problem}\n")
    return 1 if refused else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _bind(settings: Settings) -> tuple[socket.socket, list[socket.socket], int]:
    """Bind the local socket and the TCP listeners, make heartbeat's pipe, while still root."""
    paths = settings.paths
    paths.run.mkdir(mode=0o755, exist_ok=True)
    paths.lib.mkdir(mode=0o700, exist_ok=True)
    os.chown(paths.lib, settings.uid, settings.gid)
    _make_audit_folder(paths.audit, settings)
    _make_checks_folder(paths.checks, settings)
    tcp = []
    for address in settings.listen or ("::",):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, settings.port))
        listener.listen(128)  # from here on clients wait in the queue instead of being refused
        tcp.append(listener)
    paths.socket.unlink(missing_ok=True)
    local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    local.bind(str(paths.socket))
    paths.socket.chmod(0o666)  # who is there is asked of the kernel, for each connection
    local.listen(128)
    return local, tcp, event_pipe.make(paths.event_pipe)


def _make_audit_folder(path: Path, settings: Settings) -> None:
    """The worker's folder; whoever else may write in /var/log cannot put a link in its place."""
    path.mkdir(mode=0o750, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(folder, settings.uid, settings.gid)
        os.fchmod(folder, 0o750)
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


def _log_to(path: Path | None, settings: Settings) -> None:
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler()
    else:
        handler = logging.FileHandler(path)
        path.chmod(0o640)
        os.chown(path, 0, settings.gid)
    logging.basicConfig(level=settings.log_level.upper(), format=FORMAT, handlers=[handler])


def _to_background() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _run(settings: Settings, listeners: tuple[socket.socket, list[socket.socket], int]) -> int:
    mine, workers = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    worker = os.fork()
    if worker == 0:
        mine.close()
        _name("plvsd-worker")
        become(settings.uid, settings.gid)
        os.chdir("/")
        from lvsm.wiring import run_worker  # only the worker pays for what it imports

        return run_worker(settings, workers, *listeners)
    workers.close()
    local, tcp, pipe = listeners
    for listener in (local, *tcp):
        listener.close()
    os.close(pipe)
    _name("plvsd")
    settings.paths.pid.write_text(f"{os.getpid()}\n")
    signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from lvsm.wiring import run_privileged

    run_privileged(settings, mine)
    _, status = os.waitpid(worker, 0)
    settings.paths.pid.unlink(missing_ok=True)
    return os.waitstatus_to_exitcode(status)


def _name(name: str) -> None:
    """Set the process's name as ps and pgrep show it."""
    Path("/proc/self/comm").write_text(name)


if __name__ == "__main__":
    main()
