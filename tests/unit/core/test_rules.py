"""Each rule has a text that only it refuses, at an exact place."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from ipaddress import ip_address, ip_network
from types import ModuleType

import pytest
from hypothesis import given

from lvsm.core import validate as rules_of_all
from lvsm.core.config_text import parse
from lvsm.core.model import Configuration
from lvsm.core.places import Path, Place, Places
from lvsm.core.problem_codes import PROBLEMS
from lvsm.core.problems import located
from lvsm.core.rules import Facts, Rule
from lvsm.core.validate import RULES, validate
from tests.unit.marks import unmarked
from tests.unit.strategies import SoundCluster, configurations, sound_clusters

NODES = """
[node.rs1]
address = "10.1.0.21"
[node.rs2]
address = "10.1.0.22"
external = true
"""


def vip(keys: str, realserver: str = "", *, name: str = "web", address: str = "192.0.2.10") -> str:
    return (
        f'[vip.{name}]\naddress = "{address}"\ndirectors = ["dir1"]\n{keys}\n'
        f'[[vip.{name}.realserver]]\nnode = "rs1"\n{realserver}\n'
    )


NAT = 'forwarding = "nat"\n'
UDP = 'protocol = "udp"\nports = [53]\n'
OUTER = 'ports = [80]\n[[vip.web.realserver]]\nnode = "rs2"\nforwarding = "tun"\n'
CASES: list[tuple[str, str]] = [
    ("all-ports-persistence", vip('ports = «"all"»')),
    ("netmask-persistence", vip("ports = [80]\n«persistence_netmask» = 24")),
    ("netmask-range", vip("ports = [80]\npersistence = 60\npersistence_netmask = «33»")),
    ("engine-persistence", vip(UDP + '«persistence_engine» = "sip"')),
    (
        "engine-protocol",
        vip('ports = [5060]\npersistence = 60\npersistence_engine = «"sip"»'),
    ),
    ("one-packet-protocol", vip("ports = [80]\n«one_packet» = true")),
    ("one-packet-protocol", vip("ports = [80]\nfwmark = 7\n«one_packet» = true")),
    ("threshold-order", vip("ports = [80]", "upper = 5\nlower = «6»")),
    ("threshold-order", vip("ports = [80]", "lower = «1»")),
    ("tunnel-external", vip("ports = [80]", 'forwarding = "tun"\ntunnel = «"gre"»')),
    ("unused-tunnel", vip(OUTER.replace('"tun"', '"dr"') + '«tunnel» = "gre"')),
    ("tunnel-port", vip(OUTER + '«tunnel» = "gue"')),
    ("tunnel-port", vip(OUTER + "«tunnel_port» = 6080")),
    (
        "repeated-mark",
        vip("fwmark = 7") + vip("fwmark = «7»", name="more", address="192.0.2.11"),
    ),
    (
        "mark-hides",
        vip('ports = "all"\nfwmark = 7') + vip("ports = «[80]»", name="more"),
    ),
    ("unused-protocol", vip('fwmark = 7\n«protocol» = "udp"')),
    ("port-ignored", vip(NAT + 'ports = "all"\npersistence = 60', "port = «81»")),
    ("port-ignored", vip(NAT + "ports = [80, 443]\nfwmark = 7\npersistence = 60", "port = «81»")),
    ("dr-port", vip("fwmark = 7", "port = «81»")),
    ("tun-port", vip("ports = [80]", 'forwarding = "tun"\nport = «81»')),
    ("nat-realserver", vip("ports = [80]", 'forwarding = «"nat"»')),
    ("repeated-realserver", vip('ports = [80]\nsorry = { node = «"rs1"» }')),
    ("repeated-realserver", vip('fwmark = 7\nports = [80, 443]\nsorry = { node = «"rs1"» }')),
    ("flag-scheduler", vip('ports = [80]\nscheduler = "sh"\nflags = [«"mh-port"»]')),
    ("no-address", vip('ports = [80]\nsorry = { node = «"rs3"» }')),
    ("unknown-node", vip('ports = [80]\nsorry = { node = «"rs4"» }')),
    ("check-key", vip('ports = [80]\n[vip.web.check]\ntype = "tcp"\n«path» = "/x"')),
    ("check-query", vip('ports = [53]\n«check» = { type = "dns" }')),
    (
        "check-sends-twice",
        vip('ports = [1]\ncheck = { type = "udp", send = "a", «send_hex» = "61" }'),
    ),
    ("check-port", vip('fwmark = 7\n«check» = { type = "tcp" }')),
    ("check-port", vip('ports = "all"\nfwmark = 7\n«check» = { type = "tcp" }')),
    ("min-up", vip("ports = [80]\nmin_up = «2»")),
    ("mixed-families", vip("ports = [80]", address="2001:db8::10").replace('"rs1"', '«"rs1"»')),
]


def two(more: str, address: str = "192.0.2.10") -> str:
    """A second virtual service beside one on port 80."""
    return vip("ports = [80]") + vip(more, name="more", address=address)


TWINS = '[node.rs4]\naddress = "10.1.0.30"\n[node.rs5]\naddress = «"10.1.0.30"»\n'
CASES += [
    ("address-kind", vip("ports = [80]").replace('"192.0.2.10"', '«"224.0.0.1"»')),
    ("address-kind", vip("ports = [80]") + '[node.rs4]\naddress = «"127.0.0.1"»\n'),
    ("address-taken", vip("ports = [80]").replace('"192.0.2.10"', '«"10.1.0.21"»')),
    ("directors-differ", two("ports = [81]").replace('["dir1"]', '«["rs1"]»').replace(
        '«["rs1"]»', '["dir1"]', 1)),
    ("external-director", vip("ports = [80]").replace('"dir1"', '«"rs2"»')),
    ("interfaces-differ", two('ports = [81]\ninterface = «"eth0"»')),
    ("prefixes-differ", two("ports = [81]", '192.0.2.10/24').replace(
        '"192.0.2.10/24"', '«"192.0.2.10/24"»')),
    (
        "nat-gateway-differs",
        vip(NAT + "ports = [80]") + vip(
            NAT + 'ports = [81]\nnat_gateway = «"10.1.0.254"»', name="more", address="192.0.2.11"
        ),
    ),
    ("nobody-serves", vip("ports = [80]", "weight = 0").replace("[vip.web]", "«[vip.web]»", 1)),
    ("not-supported-yet", '[cluster]\ntakeover_quorum = «"majority"»\n' + vip("ports = [80]")),
    ("repeated-address", vip("ports = [80]") + TWINS),
    ("repeated-service", two("ports = [81, «80»]")),
    ("unused-gateway", vip('ports = [80]\n«nat_gateway» = "10.1.0.254"')),
]  # fmt: skip
BY_FACTS: list[tuple[str, str, Facts]] = [
    (
        "address-outside",
        vip("ports = [80]").replace('"192.0.2.10"', '«"192.0.2.10"»'),
        Facts(networks={"dir1": frozenset((ip_network("10.1.0.0/24"),))}),
    ),
    (
        "address-kind",
        vip("ports = [80]").replace('"192.0.2.10"', '«"192.0.2.255"»'),
        Facts(networks={"dir1": frozenset((ip_network("192.0.2.0/24"),))}),
    ),
    (
        "address-taken",
        vip("ports = [80]").replace('"192.0.2.10"', '«"192.0.2.10"»'),
        Facts(node_addresses={"dir1": frozenset((ip_address("192.0.2.10"),))}),
    ),
    (
        "repeated-address",
        vip("ports = [80]") + '[node.rs4]\naddress = «"10.1.0.99"»\n',
        Facts(node_addresses={"dir1": frozenset((ip_address("10.1.0.99"),))}),
    ),
    (
        "no-ipvs",
        vip("ports = [80]").replace('"dir1"', '«"dir1"»'),
        Facts(without_ipvs=frozenset(("dir1",))),
    ),
    (
        "unknown-scheduler",
        vip('ports = [80]\nscheduler = «"sed"»').replace('["dir1"]', '["dir1", "rs1"]'),
        Facts(schedulers={"dir1": frozenset(("sed", "rr")), "rs1": frozenset(("rr",))}),
    ),
]
"""What only somebody can know who has heard from the nodes."""
SOUND: list[str] = [
    vip('ports = "all"\npersistence = 60\npersistence_netmask = 24'),
    vip('ports = "all"\nfwmark = 7'),
    vip("ports = [80, 443]\nfwmark = 7\npersistence = 300"),
    vip("fwmark = 7\none_packet = true"),
    vip(NAT + "fwmark = 7", "port = 8080"),
    vip(UDP + "one_packet = true"),
    vip(UDP + 'persistence = 60\npersistence_engine = "sip"'),
    vip("ports = [80]", "upper = 5\nlower = 5"),
    vip("ports = [80]", 'forwarding = "tun"', address="2001:db8::10"),
    vip(OUTER + 'tunnel = "gue"\ntunnel_port = 6080'),
    vip("ports = [80]\npersistence = 60\npersistence_netmask = 64", address="2001:db8::10").replace(
        'node = "rs1"', 'node = "rs1"\nforwarding = "tun"'
    ),
    vip('ports = [80]\nsorry = { node = "rs2", port = 80 }'),
    vip('fwmark = 7\ncheck = { type = "ping" }'),
    vip('fwmark = 7\nmin_up = 1\ncheck = { type = "tcp", port = 80 }'),
    vip(NAT + 'fwmark = 7\ncheck = { type = "http", path = "/x" }', "port = 8080"),
    vip("fwmark = 7") + vip("fwmark = 7", 'forwarding = "tun"', name="six", address="2001:db8::10"),
    vip("fwmark = 7\nports = [80]") + vip('ports = "all"\npersistence = 60', name="rest"),
]
FACTS = Facts(members=frozenset(("dir1", "rs1", "rs3")))


def told(text: str, facts: Facts = FACTS) -> list[tuple[str, Place | None]]:
    whole = text + NODES
    configuration = parse(whole).configuration
    assert configuration is not None, parse(whole).problems
    problems = validate(configuration, facts)
    return [(found.code, found.place) for found in located(problems, lambda: Places(whole))]


@pytest.mark.parametrize(("code", "marked"), CASES)
def test_a_text_that_one_rule_refuses(code: str, marked: str) -> None:
    text, place = unmarked(marked)
    assert told(text) == [(code, place)]


@pytest.mark.parametrize("text", SOUND)
def test_what_the_kernel_takes_is_accepted(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(("code", "marked", "facts"), BY_FACTS)
def test_a_text_that_one_rule_refuses_by_what_nodes_told(
    code: str, marked: str, facts: Facts
) -> None:
    text, place = unmarked(marked)
    assert told(text, replace(facts, members=FACTS.members)) == [(code, place)]
    assert told(text) == []  # of a node that told nothing, nothing is held against anybody


def codes_of(module: ModuleType) -> set[str]:
    """The codes that a module gives its problems: of `code=`, and what helpers are handed."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.keyword) and node.arg == "code":
            found |= {n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_needs_persistence":
            found |= {n.value for n in node.args if isinstance(n, ast.Constant)} & PROBLEMS.keys()
    return {code for code in found if isinstance(code, str)}


def test_every_code_of_every_rule_has_a_case() -> None:
    modules = [inspect.getmodule(rule) for rule in RULES]
    codes = {code for module in modules if module for code in codes_of(module)}
    codes |= codes_of(rules_of_all)
    assert codes == {code for code, *_ in (*CASES, *BY_FACTS)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_every_rule_alone_refuses_one_of_the_cases(rule: Rule) -> None:
    found = 0
    plain = [(code, marked, FACTS) for code, marked in CASES]
    for _, marked, facts in (*plain, *BY_FACTS):
        text, _ = unmarked(marked)
        configuration = parse(text + NODES).configuration
        assert configuration is not None
        found += bool(list(rule(configuration, replace(facts, members=FACTS.members))))
    assert found


def path_exists(configuration: Configuration, path: Path) -> bool:
    tables = {"vip": configuration.vips, "node": configuration.nodes}
    kind, *rest = path
    return kind == "cluster" or (bool(rest) and rest[0] in tables[str(kind)])


@given(configurations)
def test_the_validator_never_raises_and_says_where(configuration: Configuration) -> None:
    for problem in validate(configuration, FACTS):
        assert problem.code in PROBLEMS
        assert problem.advice
        assert path_exists(configuration, problem.path)


@given(sound_clusters())
def test_a_sound_cluster_keeps_every_rule(cluster: SoundCluster) -> None:
    assert validate(cluster.configuration, cluster.facts) == ()
