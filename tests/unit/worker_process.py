"""A whole worker in a process of its own, above a kernel that has nothing.

    python -m tests.unit.worker_process FOLDER VERIFIER

It says `ready PORT` when it listens: on FOLDER/plvsd.sock, and by TLS on that port of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from pathlib import Path

from lvsm.core.operations import KernelState
from lvsm.core.verbs import AnyReply, AnyRequest, Applied, Apply, Done, Read, State
from lvsm.opening import Openings, open_local
from lvsm.privileged.serve import serve
from lvsm.settings import Paths, Settings
from lvsm.worker import work


def answer(request: AnyRequest) -> AnyReply:
    if isinstance(request, Read):
        return State(kernel=KernelState(ipvs=True))
    return Applied() if isinstance(request, Apply) else Done()


def main(folder: Path, verifier: str) -> int:
    paths = Paths(lib=folder, run=folder, audit=folder)
    tcp = socket.create_server(("127.0.0.1", 0))
    local, pipe = open_local(paths)
    settings = Settings(
        node="dir1",
        members=("dir1",),
        port=tcp.getsockname()[1],
        listen=(),
        uid=os.getuid(),
        gid=os.getgid(),
        interface=None,
        password_verifier=verifier,
        log_level="info",
        key=b"k" * 32,
        paths=paths,
    )
    mine, workers = socket.socketpair()
    threading.Thread(target=serve, args=(mine, answer), daemon=True).start()
    sys.stdout.write(f"ready {settings.port}\n")
    sys.stdout.flush()
    openings = Openings(local=local, tcp=[tcp], pipe=pipe)
    return asyncio.run(work(settings, workers, openings))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
