"""The real site's size, in a lab node: its plvsd, heartbeat and all, beside keepalived."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from lvsm.adapters.ipvs import Ipvs
from lvsm.core.model import Protocol
from lvsm.core.operations import DestinationLoad, ServiceKey
from tests.bench import ipvs_node, site

SITE = site.REAL
KEEPALIVED = "/usr/sbin/keepalived"
SECONDS = 240
CHANGES = 5
POLL_SECONDS = 0.005
CHANGED = 20_000
"""The realserver whose weight changes, by its number."""
SOCKET = "/run/lvsm/plvsd.sock"


def _key(service: int) -> ServiceKey:
    address, port = site.vip(service)
    return ServiceKey(protocol=Protocol.TCP, address=address, port=port)


def _service_of(realserver: int) -> int:
    return next(n for n in range(SITE.services) if realserver in SITE.members(n))


def _until(holds: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > end or (process is not None and process.poll() is not None):
            raise SystemExit("the table does not become what it should")
        time.sleep(POLL_SECONDS)


class Table:
    """The kernel's table, looked at in a way that disturbs little."""

    def __init__(self) -> None:
        """Open the socket."""
        self._ipvs = Ipvs()

    def is_complete(self) -> bool:
        """Whether the last service has its realservers: everybody adds in order."""
        last = SITE.services - 1
        return len(self._loads(last)) == len(SITE.members(last))

    def has_weight(self, realserver: int, weight: int) -> bool:
        """Whether a realserver has that weight."""
        address = site.server(realserver)
        return any(
            load.address == address and load.weight == weight
            for load in self._loads(_service_of(realserver))
        )

    def _loads(self, service: int) -> list[DestinationLoad]:
        try:
            return list(self._ipvs.count([_key(service)]))
        except Exception:  # noqa: BLE001  it is not there yet
            return []


class Plvsd:
    """A conversation with this node's plvsd."""

    def __init__(self) -> None:
        """Connect; root needs no password here."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(SECONDS)
        self._socket.connect(SOCKET)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()

    def say(self, line: str, literal: bytes = b"") -> None:
        """Send a request."""
        self._socket.sendall(line.encode() + b"\n" + literal)

    def answer(self) -> None:
        """Read the answer to the end; it must be OK."""
        while True:
            line = self._lines.readline().decode()
            if line.startswith(("OK", "ERR")) or not line:
                break
        if not line.startswith("OK"):
            raise SystemExit(f"plvsd: {line.strip()}")


def _ours() -> tuple[float, list[float], str]:
    """Text to complete table, the times of changes, and the memory of both halves."""
    text = site.lvsm(SITE, "dir1").encode()
    table, plvsd = Table(), Plvsd()
    began = time.perf_counter()
    plvsd.say(f"CONFIG SAVE bytes={len(text)}", text)
    _until(table.is_complete)
    cold = time.perf_counter() - began
    plvsd.answer()
    ipvs_node.must_be(SITE)
    node = f"s{CHANGED % site.POOL}"
    changes = []
    for number in range(CHANGES):
        weight = 2 + number % 2
        began = time.perf_counter()
        plvsd.say(f"RS WEIGHT v{_service_of(CHANGED)} {node} {weight}")
        _until(partial(table.has_weight, CHANGED, weight))
        changes.append(time.perf_counter() - began)
        plvsd.answer()
    return cold, changes, ", ".join(_memory("lvsm.plvsd"))


def _memory(word: str) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if word.encode() in (folder / "cmdline").read_bytes():
                status = (folder / "status").read_text()
                found = re.search(r"VmRSS:\s+(\d+)", status)
                owner = re.search(r"Uid:\s+(\d+)", status)
                if found and owner:
                    half = "privileged half" if owner[1] == "0" else "worker"
                    yield f"{half} {int(found[1]) // 1024} MB"


def _theirs() -> tuple[float, list[float], str]:
    """The same for keepalived, which has the network namespace for itself."""
    folder = Path(tempfile.mkdtemp(prefix="bench."))
    conf = folder / "keepalived.conf"
    conf.write_text(site.keepalived(SITE))
    argv = [KEEPALIVED, "--dont-fork", "--check", "--use-file", str(conf)]
    argv += ["--pid", str(folder / "pid"), "--checkers_pid", str(folder / "checkers")]
    table = Table()
    began = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        _until(table.is_complete, process)
        cold = time.perf_counter() - began
        ipvs_node.must_be(SITE)
        changes = []
        for number in range(CHANGES):
            heavy = number % 2 == 0
            text = site.keepalived(SITE, CHANGED if heavy else None)
            began = time.perf_counter()
            conf.write_text(text)
            os.kill(process.pid, signal.SIGHUP)
            _until(partial(table.has_weight, CHANGED, 2 if heavy else 1), process)
            changes.append(time.perf_counter() - began)
        return cold, changes, ", ".join(_memory("keepalived"))
    finally:
        process.terminate()
        process.wait()


def measure() -> tuple[dict[str, float], list[str]]:
    """The ratios, and lines for people."""
    cold_theirs, changes_theirs, memory_theirs = ipvs_node.apart(_theirs)
    cold_ours, changes_ours, memory_ours = _ours()
    ratios = {
        "site_cold_vs_keepalived": cold_theirs / cold_ours,
        "site_change_vs_keepalived": median(changes_theirs) / median(changes_ours),
    }
    lines = [
        f"{SITE.realservers} realservers of {SITE.services} services, s:",
        f"  text to complete table: plvsd {cold_ours:.2f}, keepalived {cold_theirs:.2f}",
        f"  one weight: plvsd {_list(changes_ours)}, keepalived {_list(changes_theirs)}",
        f"  memory: plvsd {memory_ours}; keepalived {memory_theirs}",
    ]
    return ratios, lines


def _list(times: list[float]) -> str:
    return " ".join(f"{one:.3f}" for one in times)
