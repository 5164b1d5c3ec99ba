"""Nothing waits for ever: both variants."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lvsm.client import Deadlines, OutcomeUnknownError, UnreachableError
from tests.unit.client.nodes import GREETING, Node, Rogue, rogue
from tests.unit.client.variants import Variant

SHORT = Deadlines(connect=0.3, login=0.3, request=0.3, idle=0.1)


def silent(client: Rogue) -> None:
    client.hang()


def drips(client: Rogue) -> None:
    """Never stops a line that never ends."""
    client.say(GREETING)
    client.hear()
    client.say(b"* ")
    client.drip(b" ")


def drips_items(client: Rogue) -> None:
    client.say(GREETING)
    client.hear()
    client.drip(b"* {}\n")


def drips_a_greeting(client: Rogue) -> None:
    client.drip(b"L")


def takes_nothing(client: Rogue) -> None:
    client.say(GREETING)
    client.hang()


def takes_slowly(client: Rogue) -> None:
    client.say(GREETING)
    client.sip()


@pytest.mark.parametrize("over_tcp", [True, False])
def test_a_node_that_says_nothing(variant: Variant, tmp_path: Path, over_tcp: bool) -> None:
    path = None if over_tcp else tmp_path / "rogue"
    with rogue(silent, path) as it, pytest.raises(UnreachableError, match=r"within 0\.3 s"):
        variant.connect(it.address, deadlines=SHORT)


def test_a_node_that_greets_for_ever(variant: Variant, tmp_path: Path) -> None:
    with (
        rogue(drips_a_greeting, tmp_path / "rogue") as it,
        pytest.raises(UnreachableError, match=r"within 0\.3 s"),
    ):
        variant.connect(it.address, deadlines=SHORT)


@pytest.mark.parametrize("script", [drips, drips_items])
def test_an_answer_that_never_ends(
    variant: Variant, tmp_path: Path, script: Callable[[Rogue], None]
) -> None:
    with rogue(script, tmp_path / "rogue") as it:
        client = variant.connect(it.address, deadlines=SHORT)
        with pytest.raises(UnreachableError, match=r"within 0\.3 s"):
            client.request("STATUS")


@pytest.mark.parametrize("script", [takes_nothing, takes_slowly])
def test_a_node_that_takes_nothing_or_little(
    variant: Variant, tmp_path: Path, script: Callable[[Rogue], None]
) -> None:
    with rogue(script, tmp_path / "rogue") as it:
        client = variant.connect(it.address, deadlines=SHORT)
        with pytest.raises(OutcomeUnknownError, match="takes nothing"):
            client.request("CONFIG SAVE", literal=bytes(16 * 1024 * 1024))


def test_a_listener_whose_queue_is_full(variant: Variant, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)
        with pytest.raises(UnreachableError, match=r"within 0\.3 s"):
            variant.connect(f"127.0.0.1:{address[1]}", deadlines=SHORT)
        for sock in waiting:
            sock.close()


def test_a_hanging_request_has_its_own_deadline(variant: Variant, node: Node) -> None:
    client = variant.connect(node.tcp)
    with pytest.raises(OutcomeUnknownError, match=r"within 0\.2 s"):
        client.request("HANG", timeout=0.2)
    assert client.request("STATUS").items


def test_a_quiet_watch_asks_whether_somebody_is_there(variant: Variant, node: Node) -> None:
    client = variant.connect(node.tcp, deadlines=SHORT)
    with client.watch("status") as following:
        for _ in range(3):
            following()
        assert following(1.0) is None
    assert node.watchers == 1


def test_a_watch_leaves_a_node_that_has_fallen_silent(
    variant: Variant, node: Node, tmp_path: Path
) -> None:
    def falls_silent(client: Rogue) -> None:
        client.say(GREETING)
        client.hear()
        client.say(b"OK 0 watching\n")
        client.hear()
        client.hang()

    with rogue(falls_silent, tmp_path / "rogue") as first:
        client = variant.connect(first.address, node.unix, deadlines=SHORT)
        with client.watch("status") as following:
            event = following()
        assert event is not None
        assert event.resync
        assert first.lines == ['WATCH "status"', "NOOP"]


def test_waiting_for_an_event_ends_when_it_should(variant: Variant, node: Node) -> None:
    client = variant.connect(node.unix)
    with client.watch("status") as following:
        for _ in range(3):
            following()
        began = time.monotonic()
        assert following(0.2) is None
        assert time.monotonic() - began >= 0.2
