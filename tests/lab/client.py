"""The lab for programs: start one, run things in its nodes, break it, end it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import frames, plan, topology, work
from tests.lab.errors import LabError
from tests.lab.kernel import PYTHON, read_console
from tests.lab.process import Process, Result
from tests.lab.provision import Bare
from tests.lab.wire import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.lab.provision import Provision
    from tests.lab.topology import NodeInfo

UP_SECONDS = 300
DOWN_SECONDS = 10
READY_SECONDS = 300
POLL_SECONDS = 0.05


def _silent(_text: str) -> None:
    pass


class Lab:
    """A lab that is up."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._parent: subprocess.Popen[bytes] | None = None
        shape = self.status()["shape"]
        self.topology = topology.build(**shape)

    @classmethod
    def up(
        cls,
        state: Path,
        *,
        topology: str = "lan",
        directors: int = 2,
        realservers: int = 2,
        heartbeat_networks: int = 1,
        director_memory: int = topology.MEMORY["director"],
        tree: Path | None = None,
        provision: Provision | None = None,
        progress: Callable[[str], None] = _silent,
        detach: bool = False,
    ) -> Lab:
        """Boot a lab and return once every node answers and `provision` is ready.

        The lab ends with this process, however it ends; with `detach` it stays until `down`.
        """
        shape = {
            "topology": topology,
            "directors": directors,
            "realservers": realservers,
            "heartbeat_networks": heartbeat_networks,
            "director_memory": director_memory,
        }
        provision = provision or Bare()
        state = state.absolute()
        state.mkdir(parents=True, exist_ok=True)
        clear(state)
        text = plan.render(plan.make(shape, provision, tree))
        _write_private(state / "plan", text)
        process = _start_supervisor(state)
        try:
            _follow(process, progress)
            lab = cls(state)
            lab._parent = process
            progress("waiting until everything is ready")
            poll_until(lambda: provision.ready(lab), READY_SECONDS, "the cluster is not ready")
        except BaseException:
            _end_supervisor(process)
            raise
        if detach:
            assert process.stdin
            process.stdin.write(b"detach")
            process.stdin.close()
        return lab

    @property
    def nodes(self) -> dict[str, NodeInfo]:
        """Every node by name."""
        return self.topology.nodes

    def run(
        self,
        node: str,
        argv: Sequence[str | bytes],
        *,
        input: bytes = b"",  # noqa: A002 - as subprocess.run calls it
        timeout: float = 30,
        check: bool = True,
        env: dict[str, str] | None = None,
    ) -> Result:
        """Run a command in a node to its end."""
        with self.start(node, argv, env=env) as process:
            result = process.communicate(input, timeout)
        if check and result.status:
            raise LabError(f"{node}: {list(argv)} ended with {result.status}: {result.text}")
        return result

    def start(
        self, node: str, argv: Sequence[str | bytes], *, env: dict[str, str] | None = None
    ) -> Process:
        """Start a command in a node; it ends with the `Process` or by itself."""
        connection = Connection(self.state)
        try:
            connection.run(node, argv, env)
        except BaseException:
            connection.close()
            raise
        return Process(connection)

    def put(
        self, node: str, path: str, data: bytes, mode: int = 0o644, owner: str = "root:root"
    ) -> None:
        """Write a file in a node: complete and synced, or not at all."""
        connection = Connection(self.state)
        connection.attach(node)
        head = frames.strings([path.encode(), b"%o" % mode, owner.encode()])
        connection.send(frames.PUT, head)
        with Process(connection) as process:
            result = process.communicate(data, 30)
        if result.status:
            raise LabError(f"{node}: {path} cannot be written")

    def get(self, node: str, path: str) -> bytes:
        """Read a file in a node."""
        return self.run(node, ["cat", "--", path]).out

    def crash(self, node: str) -> None:
        """Cut a node's power."""
        self._request("crash", node=node)

    def boot(self, node: str) -> None:
        """Switch a node on again; return once its boot commands have run."""
        self._request("boot", node=node)

    def pause(self, node: str) -> None:
        """Stop a node where it stands."""
        self._request("pause", node=node)

    def resume(self, node: str) -> None:
        """Let a paused node go on."""
        self._request("resume", node=node)

    def cut(self, a: str | Iterable[str], b: str | Iterable[str], *, one_way: bool = False) -> None:
        """Cut all links between two sets of nodes; `one_way`: only what `a` sends is lost."""
        self._request("cut", a=_names(a), b=_names(b), one_way=one_way)

    def heal(
        self, a: str | Iterable[str], b: str | Iterable[str], *, one_way: bool = False
    ) -> None:
        """Mend what `cut` cut."""
        self._request("heal", a=_names(a), b=_names(b), one_way=one_way)

    def netem(self, node: str, spec: str) -> None:
        """Delay or lose what a node sends, on all its networks: tc's words, or `off`."""
        for interface in self.topology.node(node).addresses:
            head = ["tc", "qdisc"]
            if spec.strip() == "off":
                self.run(node, [*head, "del", "dev", interface, "root"], check=False)
            else:
                rest = ["dev", interface, "root", "netem", *spec.split()]
                self.run(node, [*head, "replace", *rest])

    def forward(self, node: str, port: int, host_port: int) -> None:
        """Let 127.0.0.1:host_port reach a node, or an address of the lab (a VIP, say)."""
        self._request("forward", node=node, port=port, host_port=host_port)

    def logs(self, node: str) -> str:
        """Return what a node's console, its log and its boot commands said, in all its lives."""
        name = self.topology.node(node).name
        return read_console(self.state / "work" / "nodes" / name / "console")

    def status(self) -> dict[str, Any]:
        """Return what there is, as data."""
        answer = self._request("status")
        assert isinstance(answer, dict)
        return answer

    def down(self) -> None:
        """End the lab: nothing is left when this returns."""
        down(self.state)
        if self._parent:
            _end_supervisor(self._parent)

    def _request(self, verb: str, **arguments: Any) -> Any:
        with contextlib.closing(Connection(self.state)) as connection:
            return connection.request(verb, **arguments)


def down(state: Path) -> None:
    """End the lab in a folder, or clear what a killed one left."""
    if not (state / "lock").exists():
        return
    with contextlib.suppress(LabError), contextlib.closing(Connection(state)) as connection:
        connection.request("down")
    poll_until(lambda: clear(state, quiet=True), DOWN_SECONDS, f"the lab in {state} does not end")


def clear(state: Path, *, quiet: bool = False) -> bool:
    """Clear a folder of what a lab left; a lab that is up keeps it."""
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        work.clear(state)
    except BlockingIOError:
        if quiet:
            return False
        raise LabError(f"a lab is up in {state}; `down` ends it") from None
    finally:
        os.close(lock)
    return True


def poll_until(ready: Callable[[], bool], seconds: float, complaint: str) -> None:
    """Ask until the answer is yes."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise LabError(f"{complaint} after {seconds:g} s")
        time.sleep(POLL_SECONDS)


def _names(nodes: str | Iterable[str]) -> list[str]:
    return nodes.split(",") if isinstance(nodes, str) else list(nodes)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _start_supervisor(state: Path) -> subprocess.Popen[bytes]:
    program = Path(__file__).with_name("lab-supervisor")
    with (state / "log").open("wb") as log:
        return subprocess.Popen(
            [PYTHON, "-I", "-S", "-E", str(program), str(state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def _follow(process: subprocess.Popen[bytes], progress: Callable[[str], None]) -> None:
    """Pass the supervisor's reports on until it says that the lab is up."""
    assert process.stdout
    for raw in process.stdout:
        word, _, text = raw.decode().rstrip("\n").replace("\r", "\n").partition(" ")
        if word == "ok":
            return
        if word == "!":
            raise LabError(text)
        progress(text)
    raise LabError("the lab's supervisor ended; its log is in DIR/log")


def _end_supervisor(process: subprocess.Popen[bytes]) -> None:
    """Let the supervisor bury the lab, and reap it."""
    with contextlib.suppress(OSError):
        if process.stdin:
            process.stdin.close()
    try:
        process.wait(DOWN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def report(text: str) -> None:
    """Show progress to a person."""
    sys.stderr.write(f"lab: {text}\n")
    sys.stderr.flush()
