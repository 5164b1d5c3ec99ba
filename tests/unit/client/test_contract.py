"""What both variants promise, by TLS and on the unix socket."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvsm.client import (
    BadRequestError,
    ConflictError,
    LoginRefusedError,
    LvsmError,
    NotTheServerError,
    ProtocolError,
    RefusedError,
    UnreachableError,
    WrongCertificateError,
)
from lvsm.core.admission import Limits
from tests.unit.adapters.protocol_node import PASSWORD
from tests.unit.client.nodes import GREETING, Node, Rogue, nowhere, rogue, serving
from tests.unit.client.variants import QUICK, Variant


@pytest.fixture(params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, node: Node) -> str:
    return str(getattr(node, request.param))


def test_a_request_is_answered(variant: Variant, node: Node, address: str) -> None:
    client = variant.connect(address)
    answer = client.request("STATUS")
    kind = "local" if address == node.unix else "node"
    assert answer.items == ({"node": "dir1", "kind": kind},)
    assert answer.text == "that is it"


def test_words_options_and_a_literal_arrive(variant: Variant, node: Node, address: str) -> None:
    client = variant.connect(address)
    literal = os.urandom(1024) * 1024
    options = {"comment": 'two "words"', "base": None, "dry": True}
    answer = client.request("CONFIG CHECK", "a b", options=options, literal=literal)
    assert answer.items == ({"length": len(literal)},)
    [request] = node.requests
    assert request.args == ("a b",)
    assert request.options == {"comment": 'two "words"', "dry": "yes"}
    assert request.literal == literal


def test_several_requests_share_a_connection(variant: Variant, node: Node, address: str) -> None:
    client = variant.connect(address)
    for _ in range(3):
        client.request("STATUS")
    assert len({request.origin for request in node.requests}) == 1


def test_a_refusal_has_its_code_its_message_and_its_items(variant: Variant, node: Node) -> None:
    client = variant.connect(node.unix)
    with pytest.raises(RefusedError) as caught:
        client.request("VIP SHOW", "web")
    assert caught.value.code == "unknown-name"
    assert caught.value.message == "there is no such VIP"
    assert caught.value.items == ({"place": "line 1"},)
    assert client.request("STATUS").items


def test_a_conflict_is_an_error_of_its_own(variant: Variant, node: Node) -> None:
    with pytest.raises(ConflictError):
        variant.connect(node.unix).request("CONFIG SAVE", options={"base": 3}, literal=b"")


def test_what_is_no_request_is_not_sent(variant: Variant, node: Node) -> None:
    client = variant.connect(node.unix)
    with pytest.raises(BadRequestError):
        client.request("STATUS\nCONFIG SAVE")
    assert client.request("STATUS").items
    assert [request.verb for request in node.requests] == ["STATUS"]


def test_the_admin_logs_in_with_600_000_iterations(variant: Variant, node: Node) -> None:
    client = variant.connect(node.tcp, user="admin", password=PASSWORD)
    assert client.request("STATUS").items[0]["kind"] == "admin"


def test_a_wrong_password_is_refused_and_not_repeated(variant: Variant, node: Node) -> None:
    with pytest.raises(LoginRefusedError) as caught:
        variant.connect(node.tcp, password="wrong")
    assert "wrong" not in caught.value.message.split("password is ")[0]
    assert node.requests == []


def test_a_server_that_asks_for_few_iterations_learns_nothing(variant: Variant, node: Node) -> None:
    with pytest.raises(NotTheServerError, match="4096 iterations, fewer than 600000"):
        variant.connect(node.tcp, user="weak", password=PASSWORD)


def test_a_certificate_may_be_expected(variant: Variant, node: Node) -> None:
    fingerprint = node.certificate.fingerprint
    variant.connect(node.tcp, fingerprint=fingerprint.lower().replace(":", ""))
    other = ":".join(["AB"] * 32)
    with pytest.raises(WrongCertificateError, match=fingerprint):
        variant.connect(node.tcp, fingerprint=other)


def test_a_password_is_asked_for_once_and_only_for_tcp(variant: Variant, node: Node) -> None:
    asked: list[str] = []

    def password() -> str:
        asked.append("")
        return str(QUICK["password"])

    variant.connect(node.unix, password=password)
    assert asked == []
    client = variant.connect(node.tcp, password=password)
    client.close()
    client.request("STATUS")
    assert asked == [""]


def test_nobody_there(variant: Variant, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="refused"):
        variant.connect(nowhere())
    with pytest.raises(UnreachableError, match="does not run here"):
        variant.connect(str(tmp_path / "none"))
    with pytest.raises(UnreachableError):
        variant.connect("a..b")


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n", b"LVSM 2 dir1 3.0\n", b"\xff\xfe\n", b"* {}\n", b"OK 0 x\n"],
)
def test_what_is_no_plvsd(variant: Variant, tmp_path: Path, said: bytes) -> None:
    with (
        rogue(lambda client: client.say_and_hang(said), tmp_path / "rogue") as it,
        pytest.raises(ProtocolError),
    ):
        variant.connect(it.address)


def test_a_server_without_tls(variant: Variant) -> None:
    with rogue(lambda client: client.say_and_hang(GREETING)) as it, pytest.raises(UnreachableError):
        variant.connect(it.address)


@pytest.mark.parametrize("answer", [b"OK 2 items\n", b"junk\n", b"* {\n", b"LVSM 1 a b\n"])
def test_an_answer_that_is_none(variant: Variant, tmp_path: Path, answer: bytes) -> None:
    def script(client: Rogue) -> None:
        client.say(GREETING)
        client.hear()
        client.say(answer)
        client.hang()

    with rogue(script, tmp_path / "rogue") as it:
        client = variant.connect(it.address)
        with pytest.raises(ProtocolError):
            client.request("STATUS")


def test_events_come_until_the_watch_ends(variant: Variant, node: Node, address: str) -> None:
    client = variant.connect(address)
    with client.watch("status") as following:
        events = [following() for _ in range(3)]
        assert [event.fields["number"] for event in events if event] == [0, 1, 2]
        assert following(0.05) is None
        assert client.request("STATUS").items
    assert node.watchers == 1


def test_a_watch_that_is_refused_says_so_when_it_begins(variant: Variant, node: Node) -> None:
    client = variant.connect(node.unix)
    with pytest.raises(RefusedError, match="names topics"), client.watch():
        pass


def test_items_come_before_what_is_followed(variant: Variant, node: Node) -> None:
    with variant.connect(node.unix).follow("AUDIT FOLLOW") as following:
        names = [event.name for _ in range(4) if (event := following())]
    assert names == ["change", "status", "status", "status"]


def test_a_connection_that_the_node_has_ended_is_made_anew(
    variant: Variant, tmp_path: Path
) -> None:
    with serving(tmp_path, limits=Limits(idle_seconds=0.1, login_seconds=1.0)) as node:
        client = variant.connect(node.tcp)
        node.rest()
        assert client.request("CONFIG SAVE", literal=b"").text == "saved"


def test_a_plvsd_that_was_restarted_is_found_again(variant: Variant, tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        client = variant.connect(node.unix)
        client.request("STATUS")
    with pytest.raises(UnreachableError):
        client.request("CONFIG SAVE", literal=b"")
    with serving(tmp_path) as node:
        assert client.request("CONFIG SAVE", literal=b"").text == "saved"


def test_a_literal_that_is_too_large_is_refused_and_not_an_unknown_outcome(
    variant: Variant, node: Node, address: str
) -> None:
    client = variant.connect(address)
    with pytest.raises(RefusedError) as caught:
        client.request("CONFIG SAVE", literal=bytes(17 * 1024 * 1024))
    assert caught.value.code == "literal-too-large"
    assert client.request("STATUS").items


def test_a_name_is_looked_up_and_all_its_places_are_tried(variant: Variant, node: Node) -> None:
    client = variant.connect(f"localhost:{node.port}")
    assert client.request("STATUS").items


def test_a_password_that_cannot_be_one_is_not_tried_anywhere(variant: Variant, node: Node) -> None:
    with pytest.raises(LvsmError) as caught:
        variant.connect(node.tcp, node.tcp, password="a\nb")
    assert caught.value.code == "unusable-text"
    assert "a\nb" not in caught.value.message
