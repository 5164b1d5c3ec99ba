"""What fuzzing found: inputs that were too much for a parser, each now refused as it should be."""

from __future__ import annotations

import hashlib

import pytest

from lvsm.core import authkeys, config_text, ha_cf, haresources, plvsd_conf, responses, verbs
from lvsm.core.responses import BadResponseError
from lvsm.core.saslprep import LONGEST, UnusableTextError, saslprep
from lvsm.core.scram import KEY_ITERATIONS, Client, NotTheServerError, ScramError, Server
from lvsm.core.scram_keys import parse_verifier
from lvsm.core.toml_text import too_deep
from lvsm.core.verbs import HaresourcesGroup

HA_CF = "bcast eth0\nnode dir1\n"
GROUP = HaresourcesGroup(group="web", directors=("dir1",), addresses=("192.0.2.1",), vips=("w",))
GROWS = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"  # eighteen characters when prepared


@pytest.mark.parametrize("time", ["9" * 400, "1" + "0" * 310, "0." + "9" * 400])
def test_a_time_of_many_digits_is_no_time(time: str) -> None:
    with pytest.raises(ha_cf.HaCfError, match="a time is written like"):
        ha_cf.parse(f"{HA_CF}deadtime {time}\n")


def test_a_port_of_many_digits_is_no_port() -> None:
    for port in ("9" * 5_000, "٦٩٤"):
        with pytest.raises(ha_cf.HaCfError, match="a port is between"):
            ha_cf.parse(f"{HA_CF}udpport {port}\n")


def test_a_node_that_a_line_names_twice_is_one_node() -> None:
    assert ha_cf.parse("bcast eth0\nnode dir1 DIR1 dir1\n").nodes == ("dir1",)


@pytest.mark.parametrize("text", ["auth " + "9" * 5_000, "auth 1\n" + "9" * 5_000 + " crc"])
def test_the_number_of_a_key_has_two_digits_at_most(text: str) -> None:
    with pytest.raises(authkeys.AuthkeysError, match="between 0 and 15"):
        authkeys.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "port = " + "9" * 5_000,
        "listen = " + "[" * 5_000,
        'cluster_key = "é"',
        "a." * 5_000 + "a = 1",
        f'"{"x" * 5_000}" = 1',
    ],
)
def test_a_plvsd_conf_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(plvsd_conf.PlvsdConfError) as caught:
        plvsd_conf.parse(text)
    assert len(caught.value.message) < 1_000


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_json_does_not_have_is_no_answer(number: str) -> None:
    with pytest.raises(BadResponseError):
        responses.parse(f'* {{"a":[{number}]}}')


def test_an_iteration_count_has_no_leading_zeros() -> None:
    """RFC 5802, section 7: posit-number."""
    kept = f"SCRAM-SHA-256$04096:{'A' * 24}${'A' * 43}=:{'A' * 43}="
    with pytest.raises(ScramError):
        parse_verifier(kept)


def test_an_error_repeats_little_of_what_was_wrong() -> None:
    with pytest.raises(verbs.BadFrameError) as caught:
        verbs.decode_request(b'{"verb":"' + b"x" * 10_000 + b'"}')
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "key",
    [
        "a." * 20_000 + "a",
        '"a" . ' * 20_000 + "'a'",
        "x = {" + "a." * 20_000 + "a",
        "[[" + "é.a." * 9,
    ],
)
def test_a_key_of_many_parts_is_refused_before_it_costs_anything(key: str) -> None:
    """A text of 64 KiB took 20 s, and four times as long when it was twice as long."""
    parsed = config_text.parse(f"\n  {key} = 1\n")
    (problem,) = parsed.problems
    assert problem.code == "syntax"
    assert problem.place is not None
    assert problem.place.line == 2


def test_keys_that_lvsm_has_are_not_too_deep() -> None:
    assert too_deep('[vip.web]\nname = "' + "a." * 50 + '"\n# ' + "b." * 50) is None
    assert too_deep("[a." + "b." * 14 + "c]") is None
    assert too_deep("[a." + "b." * 15 + "c]") == 0


@pytest.mark.parametrize("text", [GROWS * 100, "é" * (LONGEST + 1)])
def test_a_name_that_is_long_when_prepared_is_refused(text: str) -> None:
    with pytest.raises(UnusableTextError):
        saslprep(text)


def test_a_stranger_cannot_have_a_long_name_prepared() -> None:
    """A message of 4 KiB kept the event loop for 33 ms before anybody had logged in."""
    server = Server(nonce="s" * 24, binding=b"")
    first = f"p=tls-server-end-point,,n={GROWS * 300},r={'c' * 24}"
    with pytest.raises(ScramError, match="too long"):
        server.open(first.encode())


def test_a_server_cannot_have_a_peer_count_for_long() -> None:
    """Ten million iterations are 2.3 s, and between peers the event loop does them."""
    client = Client(
        user="node:dir2",
        password="key",
        nonce="c" * 24,
        binding=hashlib.sha256().digest(),
        least=KEY_ITERATIONS,
        most=KEY_ITERATIONS,
    )
    client.first()
    with pytest.raises(NotTheServerError, match="more than 4096"):
        client.final(f"r={'c' * 24}x,s={'A' * 24},i=10000000".encode())


def test_haresources_without_the_end_of_our_block_keeps_other_peoples_lines() -> None:
    text = f"{haresources.BEGIN}\ndir1 plvs::old\ndir1 192.0.2.7\n# theirs\n"
    assert haresources.render(text, ()) == "dir1 192.0.2.7\n# theirs\n"


def test_a_line_that_goes_on_does_not_swallow_ours() -> None:
    written = haresources.render("dir1 192.0.2.7 \\", (GROUP,))
    assert haresources.parse(written) == (haresources.Line(group="web", directors=("dir1",)),)
    assert haresources.render(written, (GROUP,)) == written


def test_a_mark_counts_at_the_beginning_of_a_line_only() -> None:
    text = f"dir1 192.0.2.7 {haresources.BEGIN}\ndir1 apache\n# {haresources.END}\n"
    assert haresources.foreign(haresources.render(text, (GROUP,))) == haresources.foreign(text)
