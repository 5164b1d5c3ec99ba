"""Every verb of `lab` but `exec`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tests.lab import client, topology
from tests.lab.cli import UsageError
from tests.lab.client import Lab
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.provision import Provision

CHECKOUT = Path(__file__).resolve().parents[2]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def run(name: str, state: str, words: list[str]) -> int:
    """Run one verb."""
    verb = _VERBS.get(name)
    if verb is None:
        raise UsageError(f"no verb {name!r}")
    verb(Path(state).absolute(), words)
    return 0


def _up(state: Path, words: list[str]) -> None:
    parser = _Parser(add_help=False)
    parser.add_argument("--topology", choices=topology.TOPOLOGIES, default="lan")
    parser.add_argument("--directors", type=int, default=2)
    parser.add_argument("--realservers", type=int, default=2)
    parser.add_argument("--heartbeat-networks", type=int, default=1)
    parser.add_argument("--bare", action="store_true")
    shape = vars(parser.parse_args(words))
    bare = shape.pop("bare")
    if not bare and sys.flags.no_site:
        _restart_with_packages(state, words)
    begun = time.monotonic()
    Lab.up(
        state,
        **shape,
        tree=None if bare else CHECKOUT,
        provision=None if bare else _cluster(shape),
        progress=client.report,
        detach=True,
    )
    client.report(f"up in {time.monotonic() - begun:.1f} s; `lab down --state {state}` ends it")


def _restart_with_packages(state: Path, words: list[str]) -> None:
    """Start again with the environment that LVSM's own modules need."""
    python = CHECKOUT / ".venv" / "bin" / "python"
    if not python.exists():
        raise LabError("there is no .venv; run `make lab venv`, or use --bare")
    program = str(Path(__file__).with_name("lab"))
    argv = [str(python), "-I", program, "up", "--state", str(state), *words]
    os.execv(python, argv)  # noqa: S606 - a list of words is just what is wanted


def _cluster(shape: dict[str, Any]) -> Provision:
    from tests.lab import cluster  # LVSM's; the lab itself knows nothing of it

    return cluster.provision(topology.build(**shape))


def _exactly(words: list[str], names: str) -> list[str]:
    if len(words) != len(names.split()):
        raise UsageError(f"expected {names}, got {' '.join(words) or 'nothing'}")
    return words


def _node_verb(name: str) -> Callable[[Path, list[str]], None]:
    def call(state: Path, words: list[str]) -> None:
        getattr(Lab(state), name)(*_exactly(words, "NODE"))

    return call


def _link_verb(name: str) -> Callable[[Path, list[str]], None]:
    def call(state: Path, words: list[str]) -> None:
        one_way = "--one-way" in words
        a, b = _exactly([word for word in words if word != "--one-way"], "A B")
        getattr(Lab(state), name)(a, b, one_way=one_way)

    return call


def _netem(state: Path, words: list[str]) -> None:
    if len(words) < 2:
        raise UsageError("netem NODE SPEC")
    Lab(state).netem(words[0], " ".join(words[1:]))


def _forward(state: Path, words: list[str]) -> None:
    target, host_port = _exactly(words, "NODE:PORT HOSTPORT")
    node, _, port = target.rpartition(":")
    if not (node and port.isdigit() and host_port.isdigit()):
        raise UsageError("forward NODE:PORT HOSTPORT")
    Lab(state).forward(node.strip("[]"), int(port), int(host_port))


def _logs(state: Path, words: list[str]) -> None:
    sys.stdout.write(Lab(state).logs(*_exactly(words, "NODE")))


def _status(state: Path, words: list[str]) -> None:
    if words not in ([], ["--json"]):
        raise UsageError("status [--json]")
    status = Lab(state).status()
    sys.stdout.write(json.dumps(status, indent=2) + "\n" if words else _table(status))


def _table(status: dict[str, Any]) -> str:
    lines = [f"topology {status['topology']}"]
    for name, node in status["nodes"].items():
        state = node["state"] if node["answers"] or node["state"] != "up" else "up, no answer"
        addresses = " ".join(f"{card} {address}" for card, address in node["addresses"].items())
        lines.append(f"{name:8} {state:14} {addresses}")
    lines += [f"cut      {source} -> {target}" for source, target in status["cuts"]]
    lines += [f"forward  127.0.0.1:{port} -> {to}" for port, to in status["forwards"].items()]
    return "\n".join(lines) + "\n"


def _down(state: Path, words: list[str]) -> None:
    _exactly(words, "")
    client.down(state)


_VERBS: dict[str, Callable[[Path, list[str]], None]] = {
    "up": _up,
    **{name: _node_verb(name) for name in ("crash", "boot", "pause", "resume")},
    **{name: _link_verb(name) for name in ("cut", "heal")},
    "netem": _netem,
    "forward": _forward,
    "logs": _logs,
    "status": _status,
    "down": _down,
}
