"""Which real thing stands where: plvsd's two halves put together, once and plainly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lvsm.settings import Paths, Settings

if TYPE_CHECKING:
    from lvsm.opening import Openings
    from lvsm.privileged.performer import Machine, Performer
    from lvsm.privileged.record import Record


def run_privileged(settings: Settings, connection: socket.socket) -> None:
    """Be the privileged half until the worker has ended."""
    from lvsm.adapters.ipvs import load_module
    from lvsm.privileged.serve import serve

    load_module()
    performer, _ = _performer(settings.paths, settings.members)
    serve(connection, performer.answer)


def release(paths: Paths, *, dry_run: bool, say: Callable[[str], None]) -> tuple[str, ...]:
    """Give back what plvsd changed on this machine, or only say it; what was refused.

    `say` is told each command. Nobody else may be plvsd meanwhile. Raises LvsmError, OSError.
    """
    from lvsm.privileged import release as releasing

    performer, record = _performer(paths, ())
    found = releasing.plan(performer)
    for command in found.commands:
        say(command)
    return () if dry_run else releasing.perform(performer, found, record.forget)


def _performer(paths: Paths, nodes: Collection[str]) -> tuple[Performer, Record]:
    """The performer on this machine with its record; `nodes` are those that ha.cf lists."""
    from lvsm.adapters import files
    from lvsm.adapters.mon_files import MonFiles
    from lvsm.core.haresources import render
    from lvsm.core.verbs import HaresourcesGroup
    from lvsm.core.wizard.plvsd_conf_edit import edited
    from lvsm.privileged.performer import Performer
    from lvsm.privileged.record import Record

    haresources = paths.haresources

    def write_haresources(groups: Sequence[HaresourcesGroup]) -> None:
        before = haresources.read_text(encoding="utf-8") if haresources.exists() else ""
        after = render(before, groups)
        if after != before:
            files.replace(haresources, after.encode(), mode=0o644)

    def write_verifier(verifier: str) -> None:
        before = paths.conf.read_text(encoding="utf-8")
        after = edited(before, {"password_verifier": verifier})
        if after != before:
            was = paths.conf.stat()
            owner = was.st_uid, was.st_gid
            files.replace(paths.conf, after.encode(), mode=was.st_mode & 0o777, owner=owner)

    def replace_volatile(path: Path, data: bytes, mode: int) -> None:
        files.replace(path, data, mode=mode, durable=False)

    record = Record(paths.run, replace_volatile)
    performer = Performer(
        machine=real_machine(),
        record=record,
        write_haresources=write_haresources,
        mon=MonFiles(),
        write_verifier=write_verifier,
        nodes=nodes,
    )
    return performer, record


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


def run_worker(settings: Settings, connection: socket.socket, openings: Openings) -> int:
    """Be the worker until it ends; the exit status.

    It ends by SIGTERM (0), by SIGHUP (BEGIN_ANEW), or when the privileged half has ended (1).
    """
    from lvsm.worker import work

    return asyncio.run(work(settings, connection, openings))
