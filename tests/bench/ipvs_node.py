"""Inside a lab node: LVSM's way into the kernel's table beside ipvsadm and keepalived.

    python -m tests.bench.ipvs_node SIZE    the adapter and the path, for so many realservers
    python -m tests.bench.ipvs_node site    the real site: plvsd of this node beside keepalived

Each measurement has a process and a network namespace of its own (the kernel keeps what was deleted
for a while, and a table that is filled again is slower); plvsd has the node's. A process prepares
everything itself, and has done it once before it is measured: plvsd lives long. Everything is done
RUNS times by turns, and the best of each is compared: what disturbs only makes it slower. One JSON
object comes out: `ratios`, and `lines` for people.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from lvsm.adapters.ipvs import Ipvs, load_module
from lvsm.adapters.privileged_link import open_link
from lvsm.core import node_plan
from lvsm.core.config_text import parse
from lvsm.core.desired import Holding, desired
from lvsm.core.model import Configuration, Forwarding, Protocol
from lvsm.core.operations import (
    AddDestination,
    AddService,
    AnyOperation,
    Destination,
    Interface,
    KernelState,
    Owned,
    ServiceKey,
    SetDestination,
)
from lvsm.core.verbs import Apply, decode_request, encode
from lvsm.privileged import policy
from lvsm.privileged.serve import serve
from tests.bench import site
from tests.bench.site import Site
from tests.contract.run import real

CLONE_NEWNET = 0x40000000
RUNS = 3
CHANGES = 30
IPVSADM = "/usr/sbin/ipvsadm"
PER_SERVICE = 10
INTERFACES = (
    Interface(name="lo", carrier=True, addresses=("127.0.0.1/8",)),
    Interface(name="eth0", carrier=True, addresses=("10.200.255.1/16",)),
)


def apart(measure: Callable[[], Any]) -> Any:
    """What `measure` returns, in a process and a network namespace of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        enter_new_network()
        with os.fdopen(writer, "w") as pipe:
            json.dump(measure(), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def enter_new_network() -> None:
    """Leave this process's network namespace for one that has `lo` alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def seconds(do: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def run(*argv: str, text: str = "") -> str:
    """A program's output."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def must_be(wanted: Site) -> None:
    """Hold the kernel's table against what was wanted, by ipvsadm's own words."""
    found = sorted(line.strip() for line in run(IPVSADM, "-Sn").splitlines())
    expected = sorted(site.ipvsadm(wanted))
    if found != expected:
        raise SystemExit(f"the table has {len(found)} lines, not the {len(expected)} wanted")


class Sized:
    """The measurements at one size."""

    def __init__(self, realservers: int) -> None:
        """Prepare all that is not measured."""
        self.site = Site(services=realservers // PER_SERVICE, realservers=realservers)
        found = parse(site.lvsm(self.site, "dir1")).configuration
        assert found is not None
        self.configuration: Configuration = found
        self.operations: tuple[AnyOperation, ...] = tuple(
            op for op in self.plan() if isinstance(op, AddService | AddDestination)
        )

    def plan(self) -> tuple[AnyOperation, ...]:
        """What the worker decides: this node stands by, and its table is empty."""
        ids = {"all": frozenset(self.configuration.vips)}
        want = desired(self.configuration, ids, me="dir1", holding=Holding(), interfaces=INTERFACES)
        return node_plan.plan(want, KernelState(ipvs=True, interfaces=INTERFACES))

    def fill_by_adapter(self) -> float:
        """Prepared operations to the last acknowledgement."""
        for _ in range(2):
            enter_new_network()
            ipvs = Ipvs()
            ipvs.available()
            taken = seconds(partial(self.performed, ipvs, self.operations))
        must_be(self.site)
        return taken

    @staticmethod
    def performed(ipvs: Ipvs, operations: tuple[AnyOperation, ...]) -> None:
        """Apply, and accept no refusal."""
        failures = ipvs.apply(operations)
        if failures:
            raise SystemExit(f"{len(failures)} were refused: {failures[0]}")

    def fill_by_path(self, ours: socket.socket) -> tuple[float, dict[str, float]]:
        """The configuration in the worker to the last acknowledgement, and what each step takes.

        `ours` leads to a privileged half.
        """
        self.steps()
        taken = asyncio.run(self._path(ours))
        must_be(self.site)
        return taken, self.steps()

    async def _path(self, ours: socket.socket) -> float:
        link = await open_link(ours)
        await link.read()  # both are awake
        began = time.perf_counter()
        failures = await link.apply(self.plan())
        taken = time.perf_counter() - began
        await link.aclose()
        if failures:
            raise SystemExit(f"{len(failures)} were refused: {failures[0]}")
        return taken

    def steps(self) -> dict[str, float]:
        """The steps of the path, each by itself."""
        found: dict[str, float] = {}

        def step(name: str, do: Callable[[], Any]) -> Any:
            began = time.perf_counter()
            result = do()
            found[name] = time.perf_counter() - began
            return result

        operations = step("plan", self.plan)
        frame = step("encode", lambda: encode(Apply(operations=operations)))
        request = step("decode", lambda: decode_request(frame[4:]))
        assert isinstance(request, Apply)
        step("validate", lambda: policy.check(request.operations, Owned()))
        return found

    def change(self) -> tuple[float, float]:
        """One weight in the full table: ours, and `ipvsadm -e`."""
        ipvs = Ipvs()
        self.performed(ipvs, self.operations)
        service = self.site.services // 2
        address, port = site.vip(service)
        server = site.server(self.site.members(service)[0])
        key = ServiceKey(protocol=Protocol.TCP, address=address, port=port)
        entries = [
            Destination(address=server, port=port, forwarding=Forwarding.DR, weight=2 + n % 2)
            for n in range(CHANGES)
        ]
        operations = [(SetDestination(key=key, destination=entry),) for entry in entries]
        ours = [seconds(partial(self.performed, ipvs, one)) for one in operations]
        argv = (IPVSADM, "-e", "-t", f"{address}:{port}", "-r", f"{server}:{port}", "-g", "-w")
        theirs = [seconds(partial(run, *argv, str(2 + n % 2))) for n in range(CHANGES // 3)]
        run(*argv, "1")
        must_be(self.site)
        return median(ours), median(theirs)

    def read(self) -> tuple[float, float, float]:
        """With statistics: ours, `ipvsadm -Ln --stats`; and what a turn of plvsd's loop reads."""
        ipvs = Ipvs()
        self.performed(ipvs, self.operations)
        keys = [state.service.key for state in ipvs.read()]

        def counted() -> None:
            if len(ipvs.count(keys)) != self.site.realservers:
                raise SystemExit("not all were counted")

        ours = min(seconds(counted) for _ in range(RUNS))
        whole = min(seconds(Ipvs().read) for _ in range(RUNS))
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123  a device
            argv = [IPVSADM, "-Ln", "--stats"]
            theirs = min(
                seconds(lambda: subprocess.run(argv, stdout=nowhere, check=True))
                for _ in range(RUNS)
            )
        must_be(self.site)
        return ours, theirs, whole


def by_ipvsadm(realservers: int) -> float:
    """`ipvsadm -R`."""
    wanted = Site(services=realservers // PER_SERVICE, realservers=realservers)
    rules = "\n".join(site.ipvsadm(wanted)) + "\n"
    taken = seconds(lambda: run(IPVSADM, "-R", text=rules))
    must_be(wanted)
    return taken


def _looked_at(realservers: int) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """`Sized.change` and `Sized.read`, each of a table of its own."""
    sized = Sized(realservers)
    changed = sized.change()
    enter_new_network()
    return changed, sized.read()


def by_path(realservers: int) -> tuple[float, dict[str, float]]:
    """`Sized.fill_by_path`, with a privileged half that began first, as plvsd does it."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        with tempfile.TemporaryDirectory(prefix="bench.") as folder:
            serve(theirs, real(Path(folder)).performer.answer)
        os._exit(0)
    theirs.close()
    found = Sized(realservers).fill_by_path(ours)
    os.waitpid(child, 0)
    return found


def at(realservers: int) -> tuple[dict[str, float], list[str]]:
    """The ratios and lines at one size."""
    n = realservers
    adapter, path, other = [], [], []
    steps: list[dict[str, float]] = []
    for _ in range(RUNS):
        other.append(apart(lambda: by_ipvsadm(n)))
        adapter.append(apart(lambda: Sized(n).fill_by_adapter()))
        taken, parts = apart(lambda: by_path(n))
        path.append(taken)
        steps.append(parts)
    change, read = apart(lambda: _looked_at(n))
    ratios = {
        f"adapter_apply_{n}_vs_ipvsadm": min(other) / min(adapter),
        f"path_apply_{n}_vs_ipvsadm": min(other) / min(path),
        f"change_1_in_{n}_vs_ipvsadm": change[1] / change[0],
        f"read_{n}_vs_ipvsadm": read[1] / read[0],
    }
    shares = {name: min(parts[name] for parts in steps) for name in steps[0]}
    shares["netlink"] = min(adapter)
    ms = ", ".join(f"{name} {value * 1e3:.1f}" for name, value in shares.items())
    lines = [
        f"{n} realservers of {n // PER_SERVICE} services, ms:",
        f"  apply: adapter {min(adapter) * 1e3:.1f}, path {min(path) * 1e3:.1f}"
        f" (steps by themselves: {ms}), ipvsadm -R {min(other) * 1e3:.1f}",
        f"  one change: {change[0] * 1e3:.2f}, ipvsadm -e {change[1] * 1e3:.1f}",
        f"  read: {read[0] * 1e3:.1f}, ipvsadm -Ln --stats {read[1] * 1e3:.1f};"
        f" the table without statistics {read[2] * 1e3:.1f}",
    ]
    return ratios, lines


def main() -> None:
    """Measure what is asked for."""
    load_module()
    (what,) = sys.argv[1:]
    if what == "site":
        from tests.bench import ipvs_site

        ratios, lines = ipvs_site.measure()
    else:
        ratios, lines = at(int(what))
    print(json.dumps({"ratios": ratios, "lines": lines}))


if __name__ == "__main__":
    main()
