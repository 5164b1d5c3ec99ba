"""plvsd: the program. It starts as root, forks, and its larger part drops to its own uid.

    root: read files, bind sockets ──fork──► worker (uid plvsd, no capabilities): all the thinking
      └── privileged half: answers a closed set of typed requests over a socketpair

The first process stays the privileged half and is the one that init watches. It ends when the
worker ends, and the worker ends when it does; what the kernel forwards goes on without either.
Under systemd the halves are two units instead (`lvsm.units`).
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from lvsm import __version__
from lvsm.core.errors import LvsmError
from lvsm.opening import Openings, open_all
from lvsm.privileged.drop import become
from lvsm.process import RunsError, begin_anew, lock_or_refuse, log_to, name_process
from lvsm.settings import BEGIN_ANEW, Paths, Settings, load

log = logging.getLogger("plvsd")


def main() -> None:
    """Run plvsd; the exit status is 0 after SIGTERM, 2 when a file is wrong, 1 otherwise."""
    options = _arguments()
    paths = Paths(conf=options.config)
    if options.worker or options.privileged:
        from lvsm import units  # only those that are started so pay for it

        sys.exit(units.worker() if options.worker else units.privileged(paths))
    if os.geteuid() != 0:
        sys.exit("plvsd: it starts as root and drops to its own uid: run it as root")
    try:
        if options.release:
            sys.exit(_release(paths, dry_run=options.dry_run))
        settings = load(paths)
        if options.check_config:
            sys.stdout.write(_summary(settings))
            return
        lock_or_refuse(paths)
        openings = open_all(settings)
    except (LvsmError, OSError) as error:
        sys.stderr.write(f"plvsd: {error}\n")
        sys.exit(1 if isinstance(error, OSError | RunsError) else 2)
    log_to(paths.log if options.daemon else None, settings)
    if options.daemon and not _is_named_by(paths.pid):
        _to_background()
    sys.exit(_run(settings, openings))


def parser() -> argparse.ArgumentParser:
    """What the command line may say; the manual page is made of it too."""
    found = argparse.ArgumentParser(
        prog="plvsd",
        description="The daemon that keeps a node of an LVSM cluster.",
        epilog="SIGHUP: read the files again and work on by them; a file that is wrong is logged"
        " and changes nothing. SIGTERM: end; what the kernel forwards stays as it is.",
    )
    found.add_argument(
        "--config", type=Path, default=Paths().conf, help="this node's file (%(default)s)"
    )
    how = found.add_mutually_exclusive_group()
    how.add_argument(
        "--daemon", action="store_true", help="go to the background, log to /var/log/plvsd.log"
    )
    how.add_argument(
        "--check-config", action="store_true", help="say whether it could start, and do nothing"
    )
    how.add_argument(
        "--worker", action="store_true", help="be the unprivileged half (plvsd.service)"
    )
    how.add_argument(
        "--privileged",
        action="store_true",
        help="be the privileged half for a socket that init opened (plvsd-privileged.service)",
    )
    how.add_argument(
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


def _release(paths: Paths, *, dry_run: bool) -> int:
    """Give everything back; the exit status is 1 when something was refused.

    While heartbeat runs here the other directors count on what this node holds, so it is refused.
    """
    from lvsm.adapters import heartbeat
    from lvsm.wiring import release

    if not dry_run:
        lock_or_refuse(paths)
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


def _summary(settings: Settings) -> str:
    where = ", ".join(settings.listen) or "every address"
    return (
        f"{settings.paths.conf}, {settings.paths.ha_cf} and the cluster's key are all right:"
        f" node {settings.node} of {', '.join(settings.members)};"
        f" tcp port {settings.port} on {where}; uid {settings.uid}\n"
    )


def _is_named_by(pid_file: Path) -> bool:
    """Whether this process is the one in the background already, which SIGHUP began anew."""
    try:
        return pid_file.read_text().strip() == str(os.getpid())
    except OSError:
        return False


def _to_background() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _run(settings: Settings, openings: Openings) -> int:
    mine, workers = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    worker = os.fork()
    if worker == 0:
        mine.close()
        name_process("plvsd-worker")
        become(settings.uid, settings.gid)
        os.chdir("/")
        from lvsm.wiring import run_worker  # only the worker pays for what it imports

        return run_worker(settings, workers, openings)
    workers.close()
    openings.close()
    name_process("plvsd")
    settings.paths.pid.write_text(f"{os.getpid()}\n")
    signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, lambda *_: _reload(settings.paths, worker))
    from lvsm.wiring import run_privileged

    run_privileged(settings, mine)
    _, status = os.waitpid(worker, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended == BEGIN_ANEW:
        begin_anew()
    settings.paths.pid.unlink(missing_ok=True)
    return ended


def _reload(paths: Paths, worker: int) -> None:
    """Have the worker end to begin anew; files that are wrong are logged, and nothing changes."""
    try:
        load(paths)
    except LvsmError as error:
        log.warning("SIGHUP: nothing is changed: %s", error)
    else:
        os.kill(worker, signal.SIGHUP)


if __name__ == "__main__":
    main()
