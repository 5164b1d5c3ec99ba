"""A node and the web client in front of it, each the real program in a process of its own."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lvsm.client import Client, connect
from lvsm.client.configuration import AddRealserver, AddVip, Edit, Settings, encode
from lvsm.core.scram_keys import make_verifier

PASSWORD = "penguins on a floe"
SECONDS = 30.0
CONFIGURATION = """\
[cluster]
name = "www"

[node.rs1]
address = "192.0.2.21"
external = true

[node.rs2]
address = "192.0.2.22"
external = true

[node.rs3]
address = "192.0.2.23"
external = true

[vip.web]
address = "192.0.2.100"
ports = [80, 443]
scheduler = "wlc"
forwarding = "dr"
directors = ["dir1"]

[[vip.web.realserver]]
node = "rs1"
weight = 10

[[vip.web.realserver]]
node = "rs2"
weight = 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plvsd:
    """A worker."""

    folder: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def node(self) -> str:
        return f"127.0.0.1:{self.port}"

    def client(self, user: str = "admin", password: str = PASSWORD) -> Client:
        return connect(self.node, user=user, password=password)


@contextlib.contextmanager
def plvsd(folder: Path, port: int = 0) -> Iterator[Plvsd]:
    """A worker whose admin has PASSWORD."""
    folder.mkdir(exist_ok=True)
    verifier = str(make_verifier(PASSWORD, b"a" * 16))
    argv = [sys.executable, "-m", "tests.web.worker", str(folder), verifier, str(port)]
    with (
        (folder / "log").open("a") as log,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words, (folder / "log").read_text()[-3000:]
            yield Plvsd(folder=folder, port=int(words[1]), process=process)
        finally:
            process.terminate()
            process.wait(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The web client."""

    url: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def web(folder: Path, nodes: Sequence[str], more: str = "", port: int = 0) -> Iterator[Web]:
    """`lvsm-web` in front of some nodes, on a port of 127.0.0.1, a free one for 0."""
    folder.mkdir(exist_ok=True)
    listed = ", ".join(f'"{node}"' for node in nodes)
    config = folder / "web.toml"
    config.write_text(f"{more}\n[cluster.www]\nnodes = [{listed}]\n")
    port = port or free_port()
    argv = [sys.executable, "-m", "webclient.main", "--listen", f"127.0.0.1:{port}"]
    argv += ["--config", str(config), "--state", str(folder / "state")]
    log = folder / "web.log"
    with log.open("ab") as file, subprocess.Popen(argv, stdout=file, stderr=file) as process:
        try:
            _wait(port, process, log)
            yield Web(url=f"https://127.0.0.1:{port}/lvsm", port=port, log=log, process=process)
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether somebody may listen there."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), 1) as sock,
            context.wrap_socket(sock),
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"the web client does not come up:\n{log.read_text()}")


def fill(client: Client) -> None:
    """A cluster with something to see: more services, a drain, a standby, a history."""
    client.request("CONFIG SAVE", options={"base": 0}, literal=CONFIGURATION.encode())
    more: tuple[tuple[str, Settings], ...] = (
        ("dns", {"address": "192.0.2.53", "ports": (53,), "protocol": "udp", "scheduler": "rr"}),
        ("mail", {"address": "2001:db8::25", "ports": (25, 587), "forwarding": "tun"}),
        ("shop", {"address": "192.0.2.101", "ports": (443,), "scheduler": "mh"}),
        ("intranet", {"address": "192.0.2.102", "ports": (80,), "enabled": False}),
    )
    for name, values in more:
        given: Settings = {**values, "directors": ("dir1",)}
        edits: list[Edit] = [AddVip(vip=name, values=given)]
        edits += [AddRealserver(vip=name, node=f"rs{n}", values={"weight": 10 * n}) for n in (1, 3)]
        for edit in edits:
            options = {"comment": f"{name} is born" if edit is edits[0] else ""}
            client.request("CONFIG EDIT", options=options, literal=encode(edit))
    client.request("RS DRAIN shop rs3", options={"reason": "kernel update"})
    client.request("RS WEIGHT web rs2 25", options={"reason": "has more memory now"})


def main() -> None:
    """For people: a node, a configuration and the web client, until Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    folder = Path("/tmp/lvsm-web-dev")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with plvsd(folder / "node") as node, web(folder / "web", [node.node]) as served:
        with node.client() as client:
            fill(client)
        sys.stdout.write(f"{served.url}/  admin  {PASSWORD}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            served.process.wait()


if __name__ == "__main__":
    main()
