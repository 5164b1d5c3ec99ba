"""plvsd's halves as two units of systemd: neither has more rights than it needs.

`plvsd.service` runs the worker, without root and without capabilities; `plvsd-privileged.socket`
starts the privileged half when the worker connects, and it ends when the worker does.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from lvsm import handing_over
from lvsm.adapters import init_system
from lvsm.core.errors import LvsmError
from lvsm.opening import Openings, make_haresources, open_local, open_tcp
from lvsm.process import begin_anew, lock_or_refuse, log_to, name_process
from lvsm.settings import BEGIN_ANEW, Paths, Settings, load

SOCKET = Path("/run/lvsm-privileged/socket")
"""Where the worker finds the privileged half; plvsd-privileged.socket opens it."""

_SECONDS = 30.0


def privileged(paths: Paths) -> int:
    """Be the privileged half of the worker that connects; the exit status."""
    listener = init_system.listener()
    if listener is None:
        sys.stderr.write("plvsd: --privileged is for plvsd-privileged.socket: init opens it\n")
        return 2
    connection, _ = listener.accept()
    try:
        settings = load(paths)
        _require_worker(handing_over.caller(connection), settings)
        lock_or_refuse(paths)
        make_haresources(paths.haresources)
        local, pipe = open_local(paths)
    except (LvsmError, OSError) as error:
        handing_over.deny(connection, str(error))
        sys.stderr.write(f"plvsd: {error}\n")
        return 2
    handing_over.grant(connection, settings, local, pipe)
    local.close()
    os.close(pipe)
    from lvsm.wiring import run_privileged

    log_to(None, settings)
    name_process("plvsd-root")
    run_privileged(settings, connection)
    return 0


def _require_worker(uid: int, settings: Settings) -> None:
    if uid != settings.uid:
        raise LvsmError(
            f"the worker runs as uid {uid}, and {settings.paths.conf} says {settings.uid}: make"
            " User= (systemctl edit plvsd) and SocketUser= (systemctl edit plvsd-privileged.socket)"
            " the same user"
        )


def worker(where: Path = SOCKET) -> int:
    """Be the worker until SIGTERM; on SIGHUP begin anew by the files as they are then.

    The exit status is 0, 1, or 2 when a file is wrong, which no restart mends.
    """
    if os.geteuid() == 0:
        sys.stderr.write("plvsd: --worker must not be root; plvsd.service starts it\n")
        return 2
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_SECONDS)
    try:
        connection.connect(str(where))
        settings, local, pipe = handing_over.receive(connection)
        tcp = open_tcp(settings)
    except (LvsmError, OSError) as error:
        sys.stderr.write(f"plvsd: {error}\n")
        return 2 if isinstance(error, LvsmError) and error.code == "settings" else 1
    connection.settimeout(None)
    from lvsm.wiring import run_worker

    log_to(None, settings)
    name_process("plvsd-worker")
    status = run_worker(settings, connection, Openings(local=local, tcp=tcp, pipe=pipe))
    if status == BEGIN_ANEW:
        init_system.reloading()
        begin_anew()
    return status
