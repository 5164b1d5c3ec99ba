"""What a Save costs: until every node has applied it, and a command's edit beside a whole text.

Two parts: five nodes in the lab (real kernels, disks and heartbeat), and one real worker on this
machine with a configuration of 2,284 virtual services and 37,298 realservers. Times are wall clock
on a machine that does other things too; what counts are shares and ratios of one run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

from lvsm.client import Client, Deadlines, Unix, connect
from lvsm.core.edits.forms import SetRealserver, encode
from tests.cluster.conftest import boot
from tests.cluster.site import Site

VIPS, REALSERVERS, MACHINES = 2_284, 37_298, 400
ROUNDS, LAB_ROUNDS = 5, 3
FEW, MANY = 1, 1_000
_PATIENCE = Deadlines(connect=10.0, login=10.0, request=300.0)
_HERE = Path(__file__).parent


# one worker, a large configuration


def large_text(*, weight: int = 1) -> str:
    """The large configuration; `weight` is that of its first realserver."""
    parts = [
        f'[node.m{number}]\naddress = "10.{number // 250 + 1}.{number % 250 + 1}.9"\n'
        "external = true\n"
        for number in range(MACHINES)
    ]
    share, more = divmod(REALSERVERS, VIPS)
    for number in range(VIPS):
        parts.append(
            f'[vip.v{number}]\naddress = "192.168.{number // 250}.{number % 250 + 1}/32"\n'
            'ports = [80]\ndirectors = ["dir1"]\n'
        )
        for member in range(share + (number < more)):
            first = number == member == 0
            parts.append(
                f'[[vip.v{number}.realserver]]\nnode = "m{(number + member) % MACHINES}"\n'
                f"weight = {weight if first else 1}\n"
            )
    return "\n".join(parts)


def measure_large() -> None:
    """Measure the second part and print: edits and Saves by turns, so that each meets the same."""
    edits, wholes, others = list[float](), list[float](), list[float]()
    with _worker() as client:
        first = _timed(lambda: _save(client, large_text()))
        for number in range(ROUNDS):
            whole = large_text(weight=100 + number)
            other = _all_changed(2 + number)
            edits += [_timed(partial(_edit, client, 2 + number + extra)) for extra in (0, 10)]
            wholes.append(_timed(partial(_save, client, whole)))
            others.append(_timed(partial(_save, client, other)))
    size = len(large_text()) / 1e6
    print(f"{VIPS:,} virtual services, {REALSERVERS:,} realservers, {size:.1f} MB of text;")
    print(f"one node, its kernel a fake; the first Save took {first:.1f} s")
    print(f"{'what':52} {'median ms':>10} {'ratio':>7}")
    for name, times in (
        ("`lvsm rs set`: one weight, by CONFIG EDIT", edits),
        ("the same change by CONFIG SAVE of the whole text", wholes),
        ("CONFIG SAVE of a text with every weight changed", others),
    ):
        print(f"{name:52} {median(times) * 1e3:10.0f} {median(times) / median(edits):7.1f}")


def _all_changed(note: int) -> str:
    return large_text().replace("weight = 1\n", f"weight = {note + 1}\n")


def _edit(client: Client, weight: int) -> None:
    edit = SetRealserver(vip="v0", node="m0", values={"weight": weight})
    client.request("CONFIG EDIT", literal=encode(edit))


def _save(client: Client, text: str) -> None:
    client.request("CONFIG SAVE", literal=text.encode())


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


@contextmanager
def _worker() -> Iterator[Client]:
    """A client of a real worker in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.worker_process", name, ""],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready")
            with connect(Unix(Path(name) / "plvsd.sock"), deadlines=_PATIENCE) as client:
                yield client
        finally:
            process.terminate()
            process.wait(30)


# five nodes in the lab


def lab_text(vips: int, weight: int) -> str:
    """A configuration of so many virtual services by direct routing, on three realservers."""
    parts = ['[cluster]\nname = "bench"\n']
    for number in range(vips):
        parts.append(
            f'[vip.v{number}]\naddress = "10.78.{number // 250}.{number % 250 + 1}/32"\n'
            'ports = [80]\nscheduler = "wrr"\ndirectors = ["dir1", "dir2"]\n'
        )
        parts += [
            f'[[vip.v{number}.realserver]]\nnode = "rs{member}"\nweight = {weight}\n'
            for member in (1, 2, 3)
        ]
    return "\n".join(parts)


def measure_lab() -> None:
    """Measure the first part and print."""
    with tempfile.TemporaryDirectory() as name:
        site = boot(Path(name), directors=2, realservers=3)
        try:
            for vips in (FEW, MANY):
                _print_shape(site, vips)
        finally:
            site.lab.down()


def _print_shape(site: Site, vips: int) -> None:
    first = _run(site, lab_text(vips, 1))
    some = [_run(site, _one_weight(vips, 2 + number)) for number in range(LAB_ROUNDS)]
    every = [_run(site, lab_text(vips, 10 + number)) for number in range(LAB_ROUNDS)]
    print(
        f"\n5 nodes, {vips:,} virtual services with 3 realservers each; ms, median of {LAB_ROUNDS}"
    )
    print(f"{'step':44} {'one weight':>12} {'share':>6} {'all weights':>12} {'share':>6}")
    for step in some[0]:
        cells = ""
        for runs in (some, every):
            value = median(run[step] for run in runs)
            whole = median(run["every node has applied it"] for run in runs)
            cells += f" {value:12.0f} {value / whole:6.0%}"
        print(f"{step:44}{cells}")
    print(f"{'the first Save of all, every node':44} {first['every node has applied it']:12.0f}")


def _one_weight(vips: int, weight: int) -> str:
    return lab_text(vips, 1).replace("weight = 1\n", f"weight = {weight}\n", 1)


def _run(site: Site, text: str) -> dict[str, float]:
    """One Save on dir1, in milliseconds from its start."""
    site.lab.put("dir1", "/tmp/bench.toml", text.encode())
    site.lab.put("dir1", "/tmp/bench.py", (_HERE / "save_in_lab.py").read_bytes())
    told = json.loads(
        site.lab.run("dir1", ["/usr/bin/python3", "-ISE", "/tmp/bench.py"], timeout=900).out
    )
    began = told["began"]
    number = told["generation"]
    kept = {
        name: _when(site, name, rf"generation {number} of .*, saved on") for name in site.members
    }
    return {
        "beside it: CONFIG CHECK of the text": told["checked"] * 1e3,
        "decided: dir1 has it durably": (kept["dir1"] - began) * 1e3,
        "the last node has it durably": (max(kept.values()) - began) * 1e3,
        "answered": told["answered"] * 1e3,
        "every node has applied it": told["applied"] * 1e3,
    }


def _when(site: Site, node: str, pattern: str) -> float:
    """When a node's log says something first: seconds since 1970."""
    log = site.read(node, "/var/log/plvsd.log")
    found = re.search(rf"^([0-9-]+ [0-9:]+),([0-9]+) .*{pattern}", log, re.MULTILINE)
    assert found, f"{node} says nothing of {pattern}"
    return datetime.fromisoformat(f"{found[1]}+00:00").timestamp() + int(found[2]) / 1e3
