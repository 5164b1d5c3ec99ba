"""A whole worker in a process of its own, whose event loop's pulse is felt from outside.

    python -m tests.attacks.victim FOLDER VERIFIER

It says `ready PORT` when it listens: on FOLDER/plvsd.sock, open to everybody as plvsd's is, by TLS
on that port of 127.0.0.1, and on FOLDER/pulse.sock, where whoever connects is told the `Pulse`
since the last time.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sys
import threading
import time
from pathlib import Path

from lvsm.opening import Openings, open_local
from lvsm.privileged.serve import serve
from lvsm.settings import Paths, Settings
from lvsm.worker import work
from tests.unit.worker_process import answer

KEY = b"k" * 32
BEAT = 0.005


class Heart:
    """A task that beats as the control loop does, and notes how long it was kept from it."""

    def __init__(self) -> None:
        """Nothing was noted yet."""
        self._late = self._busy = 0.0

    async def beat(self) -> None:
        """Beat for ever."""
        while True:
            due, worked = time.monotonic() + BEAT, time.thread_time()
            await asyncio.sleep(BEAT)
            self._late = max(self._late, time.monotonic() - due)
            self._busy = max(self._busy, time.thread_time() - worked)

    async def tell(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell what was noted, and forget it."""
        usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = {"late": self._late, "busy": self._busy, "peak": usage}
        self._late = self._busy = 0.0
        writer.write(json.dumps(found).encode())
        writer.close()


async def live(settings: Settings, kernel: socket.socket, tcp: socket.socket) -> None:
    """Be a worker with a heart."""
    heart = Heart()
    local, pipe = open_local(settings.paths)
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(heart.beat())
        await asyncio.start_unix_server(heart.tell, settings.paths.run / "pulse.sock")
        sys.stdout.write(f"ready {settings.port}\n")
        sys.stdout.flush()
        await work(settings, kernel, Openings(local=local, tcp=[tcp], pipe=pipe))
        beating.cancel()


def main(folder: Path, verifier: str) -> None:
    """Run until SIGTERM."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    tcp = socket.create_server(("127.0.0.1", 0))
    settings = Settings(
        node="dir1",
        members=("dir1", "dir2"),
        port=tcp.getsockname()[1],
        listen=(),
        uid=os.getuid(),
        gid=os.getgid(),
        interface=None,
        password_verifier=verifier,
        log_level="info",
        key=KEY,
        paths=Paths(lib=folder, run=folder, audit=folder),
    )
    mine, workers = socket.socketpair()
    threading.Thread(target=serve, args=(mine, answer), daemon=True).start()
    asyncio.run(live(settings, workers, tcp))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
