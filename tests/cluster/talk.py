"""Traffic of tests between lab nodes, by `peer.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.client import Lab
from tests.lab.errors import LabError
from tests.lab.process import Process

PEER = "/opt/tree/tests/cluster/peer.py"
SECONDS = 120


def argv(*words: object) -> list[str]:
    """The command line of one end."""
    return ["/usr/bin/python3", "-ISE", PEER, *map(str, words)]


def ask(
    lab: Lab,
    protocol: str,
    address: str,
    port: int,
    count: int = 1,
    *source: object,
    node: str = "client",
) -> list[str]:
    """The answers to `count` questions of a node, one after another."""
    words = argv("ask", protocol, address, port, count, *source)
    return lab.run(node, words, timeout=SECONDS).out.decode().splitlines()


def names(answers: list[str]) -> Counter[str]:
    """How often each server answered."""
    return Counter(answer.split()[0] for answer in answers)


def serve(lab: Lab, node: str, *wanted: object) -> Process:
    """A server on a node, that answers with the node's name: protocol, address, port of each."""
    process = lab.start(node, argv("serve", node, *wanted))
    if process.read_line(SECONDS) != b"ready\n":
        raise LabError(f"{node} does not serve {wanted}: {process.wait().text}")
    return process


def stream(lab: Lab, address: str, port: int, count: int) -> list[str]:
    """The answers to `count` datagrams of one client's port."""
    words = argv("stream", address, port, count)
    return lab.run("client", words, timeout=SECONDS).out.decode().splitlines()


class Holding:
    """Connections of the client's that stay."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def again(self) -> list[str]:
        """One more request on each: who answers."""
        self._process.write(b"again\n")
        return self._process.read_line(SECONDS).decode().split()

    def end(self) -> None:
        """Close them all."""
        self._process.close_stdin()
        self._process.wait(SECONDS)


@contextmanager
def hold(lab: Lab, address: str, port: int, count: int) -> Iterator[Holding]:
    """Open connections from the client; they are closed at the end at the latest."""
    with lab.start("client", argv("hold", address, port, count)) as process:
        yield Holding(process)
