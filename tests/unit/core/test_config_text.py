from __future__ import annotations

import ast
import inspect
import tomllib
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core import check_keys, config_keys, config_text, readers
from lvsm.core.config_keys import FLAGS
from lvsm.core.config_text import MAX_BYTES, parse, render
from lvsm.core.model import ALL_PORTS, Configuration, Forwarding, Node, Realserver, Tunnel
from lvsm.core.places import Place
from tests.unit.marks import unmarked
from tests.unit.strategies import configurations, texts
from tests.unit.toml_styles import styled

WEB = """\
[cluster]
name = "www"

[node.dir1]
address = "10.1.0.11"

[vip.web]
address = "192.0.2.10/24"
ports = [80]
directors = ["dir1"]

[[vip.web.realserver]]
node = "dir1"
"""
VIP = '[vip.web]\naddress = "192.0.2.10"\nports = [80]\ndirectors = ["dir1"]\n'
RS = VIP + '[[vip.web.realserver]]\nnode = "rs1"\n'

PROBLEMS: list[tuple[str, str]] = [
    ("syntax", "[cluster]\nname =«»\n"),
    ("syntax", "a = «x»"),
    ("syntax", "a = [«1»"),
    ("syntax", "a = [1«,»\r\n\r\n"),
    ("syntax", 'a = "never ended«\n»b = 1'),
    ("syntax", "«\ufeff»a = 1"),
    ("syntax", "a = 1«\x00»"),
    ("syntax", "[vip]\n[vip«]»"),
    ("syntax", "a = " + "9" * 4999 + "«9»"),
    ("syntax", "a = " + "[" * 4999 + "«[»"),
    ("unknown-key", "«vips» = 1"),
    ("unknown-key", "\n«[vips.web]»\n"),
    ("unknown-key", "[cluster]\n«nmae» = \"www\""),
    ("unknown-key", '[node.dir1]\n«adress» = "10.1.0.11"'),
    ("unknown-key", VIP + "«port» = 80"),
    ("unknown-key", VIP + "«[[vip.web.realservers]]»\nnode = \"rs1\""),
    ("unknown-key", RS + "«wieght» = 1"),
    ("unknown-key", VIP + "«netmask» = 24"),
    ("unknown-key", VIP + 'sorry = { node = "rs9", «weight» = 1 }'),
    ("missing", VIP + "«[vip.web.sorry]»\nport = 80"),
    ("type", VIP + '«sorry» = "rs9"'),
    ("unknown-key", VIP + "[vip.web.check]\ntype = \"tcp\"\n«every» = 2"),
    ("missing", VIP + "«[vip.web.check]»\nrise = 2"),
    ("type", VIP + '«check» = "tcp"'),
    ("choice", VIP + 'check = { type = «"gopher"» }'),
    ("port", VIP + 'check = { type = "tcp", port = «0» }'),
    ("range", VIP + 'check = { type = "tcp", interval = «0» }'),
    ("range", VIP + 'check = { type = "tcp", interval = «nan» }'),
    ("type", VIP + 'check = { type = "tcp", timeout = «"1s"» }'),
    ("check-value", VIP + 'check = { type = "http", body = «"("» }'),
    ("check-value", VIP + 'check = { type = "http", path = «"x y"» }'),
    ("check-value", VIP + 'check = { type = "http", expect = [200, «"20x"»] }'),
    ("check-value", VIP + 'check = { type = "http", headers = [«"A: b\\r\\nC: d"»] }'),
    ("check-value", VIP + 'check = { type = "http", host = «"a b"» }'),
    ("check-value", VIP + 'check = { type = "udp", send_hex = «"0"» }'),
    ("check-value", VIP + 'check = { type = "dns", query = «"a..b"» }'),
    ("choice", VIP + 'check = { type = "dns", record = «"ANY"» }'),
    ("choice", VIP + 'on_failure = «"shrug"»'),
    ("range", VIP + 'min_up = «-1»'),
    ("name", '[cluster]\nname = «"Two Words"»'),
    ("name", "«[node.Dir1]»"),
    ("name", '[node]\n«"a..b"» = {}'),
    ("name", VIP.replace("[vip.web]", "«[vip.Web]»")),
    ("name", VIP.replace('"dir1"', '"dir0", «"-dir1"»')),
    ("name", RS.replace('"rs1"', '«"rs/1"»')),
    ("missing", "«[vip.web]»\nports = [80]\ndirectors = [\"dir1\"]"),
    ("missing", "«[vip.web]»\naddress = \"192.0.2.10\"\ndirectors = [\"dir1\"]"),
    ("missing", "«[vip.web]»\naddress = \"192.0.2.10\"\nports = [80]"),
    ("missing", VIP + "«[[vip.web.realserver]]»\nweight = 1"),
    ("missing", VIP + "realserver = [{ node = \"a\" }, «{ weight = 1 }»]"),
    ("type", "«cluster» = 1"),
    ("type", "«node» = []"),
    ("type", "«[[vip]]»"),
    ("type", "[node]\n«dir1» = \"10.1.0.11\""),
    ("type", "[vip]\n«web» = 1"),
    ("type", VIP + "«realserver» = \"rs1\""),
    ("type", VIP + "«[vip.web.realserver]»\nnode = \"rs1\""),
    ("type", VIP + "realserver = [«\"rs1\"»]"),
    ("type", '[node.dir1]\nexternal = «"yes"»'),
    ("type", VIP + "enabled = «0»"),
    ("type", VIP.replace("[80]", "«80»")),
    ("choice", VIP.replace("[80]", '«"every"»')),
    ("range", VIP + "fwmark = «0»"),
    ("range", VIP + "fwmark = «0x100000000»"),
    ("range", VIP + "persistence_netmask = «0»"),
    ("choice", VIP + 'persistence_engine = «"ftp"»'),
    ("type", VIP + "one_packet = «1»"),
    ("range", RS + "upper = «0»"),
    ("range", RS + "lower = «-1»"),
    ("choice", RS + 'tunnel = «"vxlan"»'),
    ("port", RS + "tunnel_port = «0»"),
    ("type", VIP.replace("[80]", "[80, «\"443\"»]")),
    ("type", VIP + "persistence = «3e2»"),
    ("empty", VIP.replace("[80]", "«[]»")),
    ("empty", VIP.replace('["dir1"]', "«[ ]»")),
    ("repeated", VIP.replace("80", "80, 443, «80»")),
    ("repeated", VIP.replace('"dir1"', '"dir1",\n  «"dir1"»')),
    ("repeated", VIP + 'flags = ["mh-port", «"mh-port"»]'),
    ("port", VIP.replace("80", "80, «0»")),
    ("port", VIP.replace("80", "«65536»")),
    ("port", RS + "port = «-1»"),
    ("port", VIP.replace("80", "«0x" + "f" * 5000 + "»")),
    ("weight", RS + "weight = «65536»"),
    ("weight", RS + "weight = «-1»"),
    ("range", VIP + "persistence = «0»"),
    ("range", VIP + "persistence = «2678401»"),
    ("choice", '[cluster]\nfailback = «"yes"»'),
    ("choice", '[cluster]\nsave_quorum = «"all"»'),
    ("choice", '[cluster]\ntakeover_quorum = «"any"»'),
    ("choice", '[cluster]\nforeign_services = «"mine"»'),
    ("choice", VIP + 'protocol = «"icmp"»'),
    ("choice", VIP + 'scheduler = «"wcl"»'),
    ("choice", VIP + 'forwarding = «"masq"»'),
    ("choice", VIP + 'flags = ["mh-port", «"mh"»]'),
    ("choice", RS + 'forwarding = «"route"»'),
    ("interface", VIP + 'interface = «"eth0; id"»'),
    ("interface", VIP + 'interface = «""»'),
    ("address", '[node.dir1]\naddress = «"10.1.0.011"»'),
    ("address", '[node.dir1]\naddress = «"10.1.0.11/24"»'),
    ("address", VIP.replace('"192.0.2.10"', '«"192.0.2.10/0"»')),
    ("address", VIP.replace('"192.0.2.10"', '«"fe80::1%eth0"»')),
    ("address", VIP.replace('"192.0.2.10"', '«"2001:db8::1%\\nx"»')),
    ("address", VIP + 'nat_gateway = «"gateway"»'),
]  # fmt: skip


def told(text: str) -> list[tuple[str, Place | None]]:
    return [(problem.code, problem.place) for problem in parse(text).problems]


@pytest.mark.parametrize(("code", "marked"), PROBLEMS)
def test_a_mistake_has_its_code_and_exact_place(code: str, marked: str) -> None:
    text, place = unmarked(marked)
    assert told(text) == [(code, place)]
    assert parse(text).configuration is None


@pytest.mark.parametrize(("code", "marked"), PROBLEMS)
def test_a_mistake_comes_with_short_words_and_advice(code: str, marked: str) -> None:
    for problem in parse(unmarked(marked)[0]).problems:
        assert problem.advice
        assert 0 < len(problem.message) < 500
        assert (problem.message + problem.advice).isprintable()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (VIP + "[[vip.web.realservers]]", "'realserver'"),
        (VIP + 'scheduler = "wcl"', "'wlc'"),
        ("[vips.web]", "'vip'"),
        ('[cluster]\nfailback = "manuel"', "'manual'"),
        (RS + "wieght = 1", "'weight'"),
    ],
)
def test_advice_names_what_was_meant(text: str, word: str) -> None:
    assert word in parse(text).problems[0].advice


def test_a_text_beyond_the_limit_is_not_even_read() -> None:
    assert told("#" + "é" * (MAX_BYTES // 2)) == [("too-long", Place(line=1, column=1))]
    assert told("#" + "x" * (MAX_BYTES - 1)) == []


def codes_in(module: ModuleType) -> set[str]:
    """The codes in a module's source: what `Problem`, `Wrong`, `number`, `_problem` are given."""
    found = set()
    for call in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            at = {"Wrong": 0, "_problem": 0, "number": 2}.get(name, len(call.args))
            given = [*call.args[at : at + 1], *(k.value for k in call.keywords if k.arg == "code")]
            found |= {node.value for node in given if isinstance(node, ast.Constant)}
    return {code for code in found if isinstance(code, str)}


def test_every_code_has_a_case_above() -> None:
    cases = {code for code, _ in PROBLEMS}
    modules = (config_text, config_keys, check_keys, readers)
    known = set().union(*(codes_in(module) for module in modules))
    assert known | {"range"} == cases | {"too-long"}


def test_all_mistakes_are_told_in_the_order_of_the_text() -> None:
    text = WEB.replace("80", "0").replace('"www"', '"W W"').replace("node =", "nod =") + "x = 1\n"
    assert [(code, place.line if place else 0) for code, place in told(text)] == [
        ("name", 2),
        ("port", 9),
        ("missing", 12),
        ("unknown-key", 13),
        ("unknown-key", 14),
    ]


def test_a_virtual_service_that_is_no_table_is_one_mistake() -> None:
    assert [code for code, _ in told("vip.web = 1\nnode.dir1 = 1")] == ["type", "type"]


@given(configurations)
def test_a_rendered_configuration_is_read_back(configuration: Configuration) -> None:
    parsed = parse(render(configuration))
    assert parsed.problems == ()
    assert parsed.configuration == configuration


@given(st.data(), configurations)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_however_it_is_written_a_configuration_is_read(
    data: st.DataObject, configuration: Configuration
) -> None:
    text = data.draw(styled(tomllib.loads(render(configuration))))
    assert parse(text).configuration == configuration


def test_an_empty_text_is_a_configuration_of_defaults() -> None:
    assert parse("").configuration == Configuration()
    assert render(Configuration()) == '[cluster]\nname = "lvsm"\n'


def test_the_canonical_text_leaves_out_what_goes_without_saying() -> None:
    parsed = parse(WEB)
    assert parsed.configuration is not None
    assert render(parsed.configuration) == WEB.replace(
        "ports = [80]\n", 'ports = [80]\nscheduler = "wlc"\nforwarding = "dr"\n'
    ).replace('node = "dir1"\n', 'node = "dir1"\nweight = 1\n')


def test_every_key_reaches_the_model() -> None:
    text = RS.replace(
        "[[",
        'nat_gateway = "10.1.0.254/24"\ninterface = "eth1"\nenabled = false\npersistence = 300\n'
        'flags = ["sh-port"]\nscheduler = "sh"\nprotocol = "udp"\nforwarding = "nat"\n[[',
    )
    text += 'port = 8080\nweight = 0\nforwarding = "tun"\nupper = 9\nlower = 5\ntunnel = "gue"\n'
    text += "tunnel_port = 6080\n[node.rs1]\nexternal = true\n"
    configuration = parse(text).configuration
    assert configuration is not None
    vip = configuration.vips["web"]
    assert (str(vip.nat_gateway), vip.interface, vip.enabled) == ("10.1.0.254/24", "eth1", False)
    assert (vip.persistence, vip.flags, vip.scheduler, vip.protocol) == (
        300,
        ("sh-port",),
        "sh",
        "udp",
    )
    assert vip.forwarding is Forwarding.NAT
    assert vip.realservers == (
        Realserver(
            node="rs1",
            port=8080,
            weight=0,
            forwarding=Forwarding.TUN,
            upper=9,
            lower=5,
            tunnel=Tunnel.GUE,
            tunnel_port=6080,
        ),
    )
    assert configuration.nodes == {"rs1": Node(name="rs1", external=True)}


def test_every_key_of_a_marked_service_reaches_the_model() -> None:
    text = VIP.replace("[80]", '"all"') + (
        "fwmark = 0xFFFFFFFF\none_packet = true\npersistence = 60\npersistence_netmask = 24\n"
        'persistence_engine = "sip"\nsorry = { node = "rs9", port = 81, forwarding = "nat" }\n'
    )
    configuration = parse(text).configuration
    assert configuration is not None
    vip = configuration.vips["web"]
    assert (vip.fwmark, vip.ports, vip.one_packet) == (2**32 - 1, ALL_PORTS, True)
    assert (vip.persistence_netmask, vip.persistence_engine) == (24, "sip")
    assert vip.sorry == Realserver(node="rs9", port=81, forwarding=Forwarding.NAT)


def test_a_service_that_a_mark_names_needs_no_ports() -> None:
    assert told(VIP.replace("ports = [80]", "fwmark = 7")) == []


def test_every_flag_is_accepted() -> None:
    assert parse(f"{VIP}flags = {list(FLAGS)}").problems == ()


def holds(text: str) -> None:
    """What is true of `parse` with any text at all."""
    parsed = parse(text)
    assert (parsed.configuration is None) == bool(parsed.problems)
    for problem in parsed.problems:
        assert problem.code
        assert problem.advice
        place = problem.place
        assert place is not None
        assert 1 <= place.line <= text.count("\n") + 1
        assert place.column >= 1
        assert place.length >= 1


@given(texts)
def test_any_text_is_read_or_refused(text: str) -> None:
    holds(text)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    holds(data.decode("utf-8", "surrogateescape"))


PIECES = st.sampled_from(
    [*"\n\t \r\"'[]{}=.,#\\", '"""', "[[", "]]", "vip", "node", "web", "= 1", "0x", "é", "\ud800"]
)


@given(
    configurations.map(render),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), PIECES), min_size=1, max_size=4),
)
def test_a_damaged_text_is_read_or_refused(text: str, damage: list[tuple[float, int, str]]) -> None:
    for where, lost, added in damage:
        at = int(where * len(text))
        text = text[:at] + added + text[at + lost :]
    holds(text)


@given(st.text("[]{}=.,\"'\n#ab1", max_size=40))
def test_a_text_of_signs_is_read_or_refused(text: str) -> None:
    holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "{a=" * 2000,
        "x = [" + "[" * 150 + "]" * 150 + "]",
        "vip.web.realserver = " + "[" * 180 + "]" * 180,
        ".".join("a" * 3000) + " = 1",
        "a = 0b" + "1" * 100_000,
        "[[node]]\n" * 300,
    ],
)
def test_texts_that_strain_a_reader_are_read_or_refused(text: str) -> None:
    holds(text)


@given(st.integers(100, 1000))
@settings(max_examples=20)
def test_no_depth_of_brackets_escapes(depth: int) -> None:
    holds("a = " + "[" * depth + "]" * depth)
    holds("a = " + "{b=" * depth + "1" + "}" * depth)
