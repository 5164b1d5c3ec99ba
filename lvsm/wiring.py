"""Which real thing stands where: plvsd's two halves put together, once and plainly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from lvsm.settings import Settings


def run_privileged(settings: Settings, connection: socket.socket) -> None:
    """Be the privileged half until the worker has ended."""
    from lvsm.adapters import files
    from lvsm.adapters.addresses import Addresses
    from lvsm.adapters.announce import announce
    from lvsm.adapters.ipvs import Ipvs, load_module
    from lvsm.adapters.sysctl import Sysctls
    from lvsm.core.haresources import render
    from lvsm.core.verbs import HaresourcesGroup
    from lvsm.privileged.performer import Performer
    from lvsm.privileged.record import Record
    from lvsm.privileged.serve import serve

    haresources = settings.paths.haresources

    def write_haresources(groups: Sequence[HaresourcesGroup]) -> None:
        before = haresources.read_text(encoding="utf-8") if haresources.exists() else ""
        after = render(before, groups)
        if after != before:
            files.replace(haresources, after.encode(), mode=0o644)

    def replace_volatile(path: Path, data: bytes, mode: int) -> None:
        files.replace(path, data, mode=mode, durable=False)

    load_module()
    performer = Performer(
        ipvs=Ipvs(),
        addresses=Addresses(),
        sysctls=Sysctls(),
        announce=announce,
        record=Record(settings.paths.run, replace_volatile),
        write_haresources=write_haresources,
        nodes=settings.members,
    )
    serve(connection, performer.answer)


def run_worker(
    settings: Settings,
    connection: socket.socket,
    local: socket.socket,
    tcp: list[socket.socket],
    pipe: int,
) -> int:
    """Be the worker until SIGTERM, or until the privileged half has ended; the exit status."""
    from lvsm.worker import work

    return asyncio.run(work(settings, connection, local, tcp, pipe))
