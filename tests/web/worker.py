"""A whole worker above a kernel in memory, on which heartbeat runs: its virtual services are held.

    python -m tests.web.worker FOLDER VERIFIER PORT

It says `ready PORT` when it listens by TLS on 127.0.0.1 (PORT may be 0), and on FOLDER/plvsd.sock.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from lvsm.core.operations import Interface
from lvsm.core.verbs import (
    AnyReply,
    AnyRequest,
    Applied,
    Apply,
    Count,
    Counted,
    Done,
    Probe,
    Probed,
    Read,
    State,
)
from lvsm.opening import Openings, open_local
from lvsm.privileged.serve import serve
from lvsm.settings import Paths, Settings
from lvsm.worker import work
from tests.fakes.kernel import FakeKernel

INTERFACES = (
    Interface(name="lo", carrier=True, addresses=("127.0.0.1/8", "::1/128")),
    Interface(name="eth0", carrier=True, addresses=("192.0.2.11/24", "2001:db8::11/64")),
)
SCHEDULERS = ("lc", "mh", "rr", "sed", "sh", "wlc", "wrr")


class Beating:
    """A heartbeat to which every node is alive."""

    def instance(self) -> str | None:
        return "1:1"

    async def statuses(self, nodes: Iterable[str]) -> dict[str, str]:
        return dict.fromkeys(nodes, "active")


class Root:
    """The privileged half above a kernel in memory."""

    def __init__(self) -> None:
        self._kernel = FakeKernel(interfaces=INTERFACES)

    def __call__(self, request: AnyRequest) -> AnyReply:
        match request:
            case Read():
                return State(kernel=self._kernel.read(request.ways_out_from))
            case Apply():
                return Applied(failures=self._kernel.apply(request.operations))
            case Count():
                return Counted(loads=self._kernel.ipvs.count(request.keys))
            case Probe():
                return Probed(schedulers=SCHEDULERS)
        return Done()


def main(folder: Path, verifier: str, port: int) -> int:
    tcp = socket.create_server(("127.0.0.1", port))
    paths = Paths(lib=folder, run=folder, audit=folder)
    local, pipe = open_local(paths)
    settings = Settings(
        node="dir1",
        members=("dir1",),
        port=tcp.getsockname()[1],
        listen=(),
        uid=os.getuid(),
        gid=os.getgid(),
        interface="eth0",
        password_verifier=verifier,
        log_level="info",
        key=b"k" * 32,
        paths=paths,
    )
    mine, workers = socket.socketpair()
    threading.Thread(target=serve, args=(mine, Root()), daemon=True).start()
    sys.stdout.write(f"ready {settings.port}\n")
    sys.stdout.flush()
    openings = Openings(local=local, tcp=[tcp], pipe=pipe)
    return asyncio.run(work(settings, workers, openings, Beating()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
