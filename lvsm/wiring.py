"""Which real thing stands where: plvsd's two halves put together, once and plainly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lvsm.settings import Settings

if TYPE_CHECKING:
    from lvsm.privileged.performer import Machine


def run_privileged(settings: Settings, connection: socket.socket) -> None:
    """Be the privileged half until the worker has ended."""
    from lvsm.adapters import files
    from lvsm.adapters.ipvs import load_module
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
        machine=real_machine(),
        record=Record(settings.paths.run, replace_volatile),
        write_haresources=write_haresources,
        nodes=settings.members,
    )
    serve(connection, performer.answer)


def real_machine() -> Machine:
    """The adapters of this machine's kernel; raises OSError."""
    from lvsm.adapters import packet_filter
    from lvsm.adapters.addresses import Addresses
    from lvsm.adapters.announce import announce
    from lvsm.adapters.ipvs import Ipvs
    from lvsm.adapters.links import Links
    from lvsm.adapters.sysctl import Sysctls
    from lvsm.privileged.performer import Machine

    return Machine(
        ipvs=Ipvs(),
        addresses=Addresses(),
        sysctls=Sysctls(),
        links=Links(),
        packet_filter=packet_filter.choose(),
        announce=announce,
    )


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
