"""What both ways to start plvsd do to their own process: its lock, log, name, a new beginning."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from lvsm.adapters import lock
from lvsm.core.errors import LvsmError
from lvsm.settings import Paths, Settings

FORMAT = "%(asctime)s %(processName)s %(levelname)s %(name)s: %(message)s"
LOCK_SECONDS = 3.0
_AGAIN_SECONDS = 0.1


class RunsError(LvsmError):
    """Another program has to be stopped first."""

    code = "runs-already"


def lock_or_refuse(paths: Paths) -> None:
    """Be the only plvsd of this machine until this process and its child end; raises RunsError.

    One that has been told to stop has LOCK_SECONDS to end.
    """
    paths.run.mkdir(mode=0o755, exist_ok=True)
    for _ in range(round(LOCK_SECONDS / _AGAIN_SECONDS)):
        if lock.take(paths.lock) is not None:
            return
        time.sleep(_AGAIN_SECONDS)
    raise RunsError("plvsd runs on this machine: stop it first (/etc/init.d/plvsd stop)")


def log_to(path: Path | None, settings: Settings) -> None:
    """Log to a file that the worker's group may read, or to standard error."""
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler()
    else:
        handler = logging.FileHandler(path)
        path.chmod(0o640)
        os.chown(path, 0, settings.gid)
    logging.basicConfig(level=settings.log_level.upper(), format=FORMAT, handlers=[handler])


def name_process(name: str) -> None:
    """Set the process's name as ps and pgrep show it."""
    Path("/proc/self/comm").write_text(name)


def begin_anew() -> NoReturn:
    """Run the program again in this process: nothing of its memory and its descriptors is left."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  no shell is meant
