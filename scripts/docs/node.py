"""The node of the documentation: plvsd's real worker, before a kernel that has nothing.

It listens on a free port of 127.0.0.1 and on a unix socket, keeps its files in a folder of its own,
and its privileged half answers that the kernel is empty and has no IPVS. So the verbs, their help
and the answers in docs/protocol.md are those of plvsd and of nothing else.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

from lvsm.adapters.privileged_link import open_link
from lvsm.core import ha_cf, plvsd_conf
from lvsm.core.operations import KernelState
from lvsm.core.scram import make_verifier
from lvsm.core.verbs import AnyReply, AnyRequest, Applied, Apply, Done, Read, State
from lvsm.daemon.requests import Verb
from lvsm.opening import Openings, open_local
from lvsm.privileged.serve import serve
from lvsm.settings import Paths, Settings, load
from lvsm.worker import Worker, work

NAME = "dir1"
PASSWORD = "pencil"  # noqa: S105  it guards an empty node for a second
NOBODY = 65534


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where it listens."""

    port: int
    socket: Path


def settings(folder: Path) -> Settings:
    """What it runs with, read from real files."""
    paths = Paths(
        conf=folder / "plvsd.conf",
        ha_cf=folder / "ha.cf",
        authkeys=folder / "authkeys",
        haresources=folder / "haresources",
        lib=folder / "lib",
        run=folder / "run",
        log=folder / "plvsd.log",
        audit=folder / "audit",
    )
    for made in (paths.lib, paths.run, paths.audit):
        made.mkdir()
    conf = plvsd_conf.PlvsdConf(
        uid=NOBODY, password_verifier=str(make_verifier(PASSWORD, b"salt of the docs"))
    )
    paths.conf.write_text(plvsd_conf.render(conf), encoding="utf-8")
    heartbeat = ha_cf.HaCf(nodes=(os.uname().nodename.lower(),), media=(("bcast", "lo"),))
    paths.ha_cf.write_text(ha_cf.render(heartbeat), encoding="utf-8")
    paths.authkeys.write_text("auth 1\n1 sha1 key-of-the-docs\n", encoding="utf-8")
    return replace(load(paths), node=NAME, members=(NAME,))


async def verbs(folder: Path) -> Mapping[str, Verb]:
    """Every verb that plvsd has, with its handler and who may use it."""
    ours, theirs = socket.socketpair()
    with closing(theirs):
        link = await open_link(ours)
        async with aclosing(link):
            return dict(Worker(settings(folder), link).handlers.table)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Node]:
    """The node while it serves."""
    chosen = settings(folder)
    ours, theirs = socket.socketpair()
    half = threading.Thread(target=serve, args=(theirs, _empty_kernel), daemon=True)
    half.start()
    tcp = socket.create_server(("127.0.0.1", 0))
    port: int = tcp.getsockname()[1]
    local, pipe = open_local(chosen.paths)
    openings = Openings(local=local, tcp=[tcp], pipe=pipe)
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(work(chosen, ours, openings))
        try:
            yield Node(port=port, socket=chosen.paths.socket)
        finally:
            worker.cancel()
    half.join()
    theirs.close()


def _empty_kernel(request: AnyRequest) -> AnyReply:
    match request:
        case Read():
            return State(kernel=KernelState(ipvs=False))
        case Apply():
            return Applied()
        case _:
            return Done()
