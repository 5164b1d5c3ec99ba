"""`make demo`: a real cluster, a real failover, told as it happens.

Boots two directors, two realservers and a client, saves a configuration with one virtual service,
shows connections being spread, cuts the active director's power while the client goes on, shows
the other one take over, brings the first back; then the cluster stays up until Ctrl-C, with the web
client in front of it. With `--once` it ends there, and its last line is one JSON object with the
figures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lvsm.cli import exits
from lvsm.core.scram_keys import SALT_BYTES, make_verifier
from tests.lab import client, cluster, topology, traffic
from tests.lab.client import Lab
from tests.lab.errors import LabError
from tests.lab.traffic import Seen
from tests.web.site import free_port, is_free, web

CHECKOUT = Path(__file__).resolve().parents[2]
ADDRESS = "10.77.0.200"
BALANCING_SECONDS = 3.0
WAIT_SECONDS = 30.0
LONGEST_GAP_SECONDS = 3.0
PLVSD_PORT = 6610
WEB_PORT = 8443
"""Of 127.0.0.1, where the web client listens; another one if it is taken."""
CONFIGURATION = f"""\
[cluster]
name = "www"

[vip.web]
address = "{ADDRESS}"
ports = [80]
scheduler = "wrr"
forwarding = "dr"
directors = ["dir1", "dir2"]

[[vip.web.realserver]]
node = "rs1"
weight = 2

[[vip.web.realserver]]
node = "rs2"
weight = 1
"""


class DemoError(Exception):
    """Something that was to be shown did not happen."""


def say(text: str = "") -> None:
    """Tell what is going on."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def step(text: str) -> None:
    """Tell what comes next."""
    say(f"\n== {text}")


class Demo:
    """The scenario, and what its client saw."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._seen: list[Seen] = []

    def play(self) -> None:
        """Go through the whole scenario; raises DemoError when the cluster fails at it."""
        self._save()
        self._balance()
        self._cut_power()
        self._bring_back()

    def figures(self, problem: str | None) -> dict[str, Any]:
        """What was measured, as the last line says it."""
        by_realserver: Counter[str] = Counter()
        for seen in self._seen:
            by_realserver.update(seen.by_realserver)
        figures: dict[str, Any] = {
            "ok": problem is None,
            "requests": sum(len(seen.attempts) for seen in self._seen),
            "by_realserver": dict(sorted(by_realserver.items())),
            "failed": sum(seen.failed for seen in self._seen),
            "gap_s": round(max((seen.gap for seen in self._seen), default=0.0), 3),
        }
        return figures if problem is None else {**figures, "problem": problem}

    def _save(self) -> None:
        step("save this configuration on dir1 (any node would do)")
        say("".join(f"   {line}\n" for line in CONFIGURATION.splitlines()))
        argv = ["lvsm", "config", "save", "-", "--comment", "the demo's"]
        saved = self._lab.run("dir1", argv, input=CONFIGURATION.encode(), check=False)
        say(f"   {saved.text}")
        if saved.status not in {exits.OK, exits.PARTIAL}:
            raise DemoError("it was not saved")
        self._wait_for("dir1", asked="dir2")
        self._show("dir1", "lvsm", "status")

    def _balance(self) -> None:
        step(f"a client opens a connection to {ADDRESS} every 20 ms; rs1 has twice rs2's weight")
        with traffic.running(self._lab, ADDRESS) as requests:
            time.sleep(BALANCING_SECONDS)
            seen = self._saw(requests.stop())
        if set(seen.by_realserver) != {"rs1", "rs2"}:
            raise DemoError("not all realservers answered")
        self._show("dir1", "ipvsadm", "-Ln")

    def _cut_power(self) -> None:
        step("cut the power of dir1, which holds the address, while the client goes on")
        with traffic.running(self._lab, ADDRESS) as requests:
            self._lab.crash("dir1")
            self._wait_for("dir2", asked="dir2")
            time.sleep(1)
            seen = self._saw(requests.stop())
        say(f"   dir2 took over; the client was without an answer for {seen.gap:.2f} s")
        if seen.attempts[-1].body is None:
            raise DemoError("the address is held, and nobody answers")
        if seen.gap > LONGEST_GAP_SECONDS:
            raise DemoError(f"a gap of {seen.gap:.2f} s is too long")
        self._show("dir2", "lvsm", "status")

    def _bring_back(self) -> None:
        step("switch dir1 on again: it catches up, asks for its address, and gets it")
        with traffic.running(self._lab, ADDRESS) as requests:
            self._lab.boot("dir1")
            self._wait_for("dir1", asked="dir1")
            time.sleep(1)
            seen = self._saw(requests.stop())
        say(f"   dir1 has it back; {seen.failed} connections failed meanwhile")
        self._show("dir1", "lvsm", "vip", "show", "web")

    def _wait_for(self, holder: str, *, asked: str) -> None:
        """Wait until `asked` says that `holder` alone holds the address."""

        def held() -> bool:
            document = cluster.status(self._lab, asked)
            return document is not None and any(v["holder"] == holder for v in document["vips"])

        client.poll_until(held, WAIT_SECONDS, f"{holder} does not hold the address")

    def _saw(self, seen: Seen) -> Seen:
        self._seen.append(seen)
        spread = ", ".join(f"{name} {count}" for name, count in seen.by_realserver.items())
        say(f"   {len(seen.attempts)} connections: {spread}; {seen.failed} failed")
        return seen

    def _show(self, node: str, *argv: str) -> None:
        say(f"   $ {' '.join(argv)}      (on {node})")
        result = self._lab.run(node, argv, check=False)
        say("".join(f"   {line}\n" for line in result.text.splitlines()))


def main() -> int:
    """Run the demo; the exit status is 0 when everything was shown."""
    parser = argparse.ArgumentParser(prog="make demo", description="A real cluster in a minute.")
    parser.add_argument("--once", action="store_true", help="end after the scenario")
    parser.add_argument("--state", type=Path, default=Path(f"/tmp/lvsm-demo-{os.getuid()}"))
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        return run(options.state, once=options.once)
    say("\nended: the cluster is gone")
    return 130


def run(state: Path, *, once: bool) -> int:
    """Boot, play, and either end or stay."""
    step("boot 2 directors, 2 realservers and a client, each a Linux kernel of its own")
    shape = topology.build("lan")
    password = secrets.token_urlsafe(9)
    verifier = str(make_verifier(password, secrets.token_bytes(SALT_BYTES)))
    try:
        lab = Lab.up(
            state,
            tree=CHECKOUT,
            provision=replace(cluster.provision(shape), verifier=verifier),
            progress=lambda text: say(f"   {text}"),
        )
    except LabError as error:
        say(f"the cluster did not come up: {error}")
        return _end(once, {"ok": False, "problem": str(error)})
    with contextlib.ExitStack() as stack:
        stack.callback(lab.down)
        demo = Demo(lab)
        problem = None
        try:
            demo.play()
        except (DemoError, LabError) as error:
            problem = str(error)
            say(f"\nTHE DEMO FAILED: {problem}")
            _tell_logs(lab)
        if not once:
            with _web(lab) as url:
                _stay(state, url, password)
        return _end(once, demo.figures(problem))


def _end(once: bool, figures: dict[str, Any]) -> int:
    if once:
        say(json.dumps(figures))
    return 0 if figures["ok"] else 1


@contextlib.contextmanager
def _web(lab: Lab) -> Iterator[str]:
    """The web client on this machine, which reaches the directors by ports of 127.0.0.1."""
    nodes = []
    for director in ("dir1", "dir2"):
        port = free_port()
        lab.forward(director, PLVSD_PORT, port)
        nodes.append(f"127.0.0.1:{port}")
    with tempfile.TemporaryDirectory(prefix="lvsm-demo-web-") as folder:
        port = WEB_PORT if is_free(WEB_PORT) else 0
        with web(Path(folder), nodes, port=port) as served:
            yield served.url


def _stay(state: Path, url: str, password: str) -> None:
    lab = f"tests/lab/lab exec --state {state}"
    step("the cluster stays up until Ctrl-C. Open it in a browser (the certificate is its own):")
    say(f"   {url}/    user: admin    password: {password}")
    say("\n   or look around in another terminal:")
    say(f"   {lab} dir1 -- lvsm status")
    say(f"   {lab} dir1 -- ipvsadm -Ln")
    say(f"   {lab} client -- curl -s http://{ADDRESS}/")
    say(f"   {lab} dir1 -- lvsm config show > www.toml    (edit it, then:)")
    say(f"   {lab} -i dir1 -- lvsm config save - < www.toml")
    say(f"   tests/lab/lab crash --state {state} dir1      (and: boot, pause, cut, netem, logs)")
    signal.pause()


def _tell_logs(lab: Lab) -> None:
    for name in ("dir1", "dir2"):
        with contextlib.suppress(LabError):
            log = lab.run(name, ["tail", "-n", "30", "/var/log/plvsd.log"], check=False).text
            say(f"--- {name}: the end of /var/log/plvsd.log\n{log}")


if __name__ == "__main__":
    sys.exit(main())
