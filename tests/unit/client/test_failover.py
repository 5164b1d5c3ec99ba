"""Which node is asked next, and what is never asked twice: both variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvsm.client import (
    LoginRefusedError,
    OutcomeUnknownError,
    ProtocolError,
    RefusedError,
    UnreachableError,
)
from tests.unit.client.nodes import GREETING, Node, Rogue, nowhere, rogue, serving
from tests.unit.client.variants import Variant


def dies(client: Rogue) -> None:
    """Greets, hears a request, and is gone."""
    client.say(GREETING)
    client.hear()


def dies_in_between(client: Rogue) -> None:
    client.say(GREETING)
    client.hear()
    client.say(b'* {"half": 1}\n* {"ha')


def dies_at_the_second(client: Rogue) -> None:
    client.say(GREETING)
    client.hear()
    client.say(b"OK 0 once\n")
    client.hear()


def hangs(client: Rogue) -> None:
    client.say(GREETING)
    client.hear()
    client.hang()


def talks_nonsense(client: Rogue) -> None:
    client.say(GREETING)
    client.hear()
    client.say_and_hang(b"well, no\n")


LOSSES = [dies, dies_in_between, hangs, talks_nonsense]
SOON = {"timeout": 0.3}


def test_the_first_node_that_answers_is_asked(variant: Variant, node: Node, tmp_path: Path) -> None:
    with rogue(lambda client: client.say_and_hang(b"SSH-2.0\r\n"), tmp_path / "rogue") as other:
        client = variant.connect(nowhere(), str(tmp_path / "none"), other.address, node.tcp)
        assert client.request("STATUS").items[0]["node"] == "dir1"
    assert len(node.requests) == 1


def test_when_no_node_answers_each_is_named_with_its_reason(
    variant: Variant, tmp_path: Path
) -> None:
    first, second = nowhere(), str(tmp_path / "none")
    with pytest.raises(UnreachableError) as caught:
        variant.connect(first, second)
    assert caught.value.code == "unreachable"
    assert first in caught.value.message
    assert second in caught.value.message


@pytest.mark.parametrize("script", LOSSES)
def test_what_only_reads_is_asked_of_the_next_node(
    variant: Variant, node: Node, tmp_path: Path, script: object
) -> None:
    with rogue(script, tmp_path / "rogue") as first:  # type: ignore[arg-type]  # parametrized
        client = variant.connect(first.address, node.unix)
        assert client.request("STATUS", **SOON).items[0]["node"] == "dir1"
        assert client.request("STATUS").items  # and it stays there
        assert first.lines == ["STATUS"]


@pytest.mark.parametrize("script", LOSSES)
def test_a_change_is_never_asked_for_twice(
    variant: Variant, node: Node, tmp_path: Path, script: object
) -> None:
    with rogue(script, tmp_path / "rogue") as first:  # type: ignore[arg-type]  # parametrized
        client = variant.connect(first.address, node.unix)
        with pytest.raises(OutcomeUnknownError) as caught:
            client.request("CONFIG SAVE", **SOON)
        assert caught.value.code == "outcome-unknown"
        assert "CONFIG SAVE" in caught.value.message
        assert first.address in caught.value.message
        assert first.lines == ["CONFIG SAVE"]
    assert node.requests == []


def test_a_verb_of_another_version_counts_as_a_change(
    variant: Variant, node: Node, tmp_path: Path
) -> None:
    with rogue(dies, tmp_path / "rogue") as first:
        client = variant.connect(first.address, node.unix)
        with pytest.raises(OutcomeUnknownError):
            client.request("VIP FORGET", "web")
        client = variant.connect(first.address, node.unix)
        with pytest.raises(RefusedError, match="there is no VIP"):
            client.request("VIP FORGET", "web", again=True)


def test_a_change_is_asked_of_the_next_node_when_the_first_never_got_it(
    variant: Variant, node: Node, tmp_path: Path
) -> None:
    with rogue(dies_at_the_second, tmp_path / "rogue") as first:
        client = variant.connect(first.address, node.unix)
        client.request("STATUS")
    assert client.request("CONFIG SAVE", literal=b"").text == "saved"
    assert [request.verb for request in node.requests] == ["CONFIG SAVE"]


def test_a_read_that_every_node_loses_says_so(variant: Variant, tmp_path: Path) -> None:
    with rogue(dies, tmp_path / "a") as first, rogue(talks_nonsense, tmp_path / "b") as second:
        client = variant.connect(first.address, second.address)
        with pytest.raises(UnreachableError) as caught:
            client.request("STATUS")
        assert first.address in caught.value.message
        assert second.address in caught.value.message
        assert (first.lines, second.lines) == (["STATUS"], ["STATUS"])


def test_one_node_alone_gives_its_own_error(variant: Variant, tmp_path: Path) -> None:
    with rogue(talks_nonsense, tmp_path / "rogue") as only:
        client = variant.connect(only.address)
        with pytest.raises(ProtocolError):
            client.request("STATUS")


def test_a_refused_login_is_not_tried_elsewhere(variant: Variant, tmp_path: Path) -> None:
    with serving(tmp_path / "a", "dir1") as first, serving(tmp_path / "b", "dir2") as second:
        with pytest.raises(LoginRefusedError):
            variant.connect(first.tcp, second.tcp, password="wrong")
        variant.connect(nowhere(), second.tcp)


def test_a_refusal_is_not_tried_elsewhere(variant: Variant, tmp_path: Path) -> None:
    with serving(tmp_path / "a", "dir1") as first, serving(tmp_path / "b", "dir2") as second:
        client = variant.connect(first.tcp, second.tcp)
        with pytest.raises(RefusedError):
            client.request("VIP SHOW", "web")
        assert second.requests == []


def test_a_watch_goes_on_at_the_next_node_and_says_that_it_missed_something(
    variant: Variant, node: Node, tmp_path: Path
) -> None:
    def tells_one(client: Rogue) -> None:
        client.say(GREETING)
        client.hear()
        client.say(b'OK 0 watching\n! {"event": "status", "node": "rogue"}\n')

    with rogue(tells_one, tmp_path / "rogue") as first:
        client = variant.connect(first.address, node.tcp)
        with client.watch("status") as following:
            events = [event for _ in range(4) if (event := following())]
    assert [event.resync for event in events] == [False, True, False, False]
    assert [event.fields.get("node") for event in events] == ["rogue", None, "dir1", "dir1"]


def test_a_watch_does_not_go_round_in_circles(variant: Variant, tmp_path: Path) -> None:
    def ends(client: Rogue) -> None:
        client.say(GREETING)
        client.hear()
        client.say(b"OK 0 watching\n")

    with rogue(ends, tmp_path / "a") as first, rogue(ends, tmp_path / "b") as second:
        client = variant.connect(first.address, second.address)
        with client.watch("status") as following, pytest.raises(UnreachableError):
            [following() for _ in range(9)]
        assert set(first.lines) == set(second.lines) == {'WATCH "status"'}


def test_what_one_node_alone_knows_is_not_followed_elsewhere(
    variant: Variant, node: Node, tmp_path: Path
) -> None:
    def ends(client: Rogue) -> None:
        client.say(GREETING)
        client.hear()
        client.say(b"OK 0 shown\n")

    with rogue(ends, tmp_path / "rogue") as first:
        client = variant.connect(first.address, node.unix)
        with client.follow("AUDIT FOLLOW") as following, pytest.raises(UnreachableError):
            following()
    assert node.requests == []
