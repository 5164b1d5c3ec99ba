from __future__ import annotations

import tomllib
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core.config_text import parse, render
from lvsm.core.model import Configuration, IPAddress, Node
from lvsm.core.node_addresses import with_node_addresses
from tests.unit.strategies import addresses, configurations, short_names
from tests.unit.toml_styles import styled

REPORTED = {"rs1": ip_address("10.1.0.21"), "rs2": ip_address("2001:db8::22")}
NOTE = "# The addresses that these nodes reported, added when saved.\n"
BOTH = f'{NOTE}[node.rs1]\naddress = "10.1.0.21"\n\n[node.rs2]\naddress = "2001:db8::22"\n'
RS2 = f'{NOTE}[node.rs2]\naddress = "2001:db8::22"\n'

CASES = {
    "no node is named": ("[cluster]\n", f"[cluster]\n\n{BOTH}"),
    "nothing is there": ("", BOTH),
    "the last line does not end": ("# mine", f"# mine\n\n{BOTH}"),
    "empty lines at the end stay": ("# mine\n\n\n", f"# mine\n\n\n{BOTH}"),
    "a table of its own": (
        "[node.rs1] # here\n# mine\nexternal = true\n",
        '[node.rs1] # here\naddress = "10.1.0.21"\n# mine\nexternal = true\n\n' + RS2,
    ),
    "a header is the last thing": (
        "[node.rs1]",
        f'[node.rs1]\naddress = "10.1.0.21"\n\n{RS2}',
    ),
    "a header stands in from the margin": (
        "  [node . 'rs1']\n  external = true\n",
        f"  [node . 'rs1']\n  address = \"10.1.0.21\"\n  external = true\n\n{RS2}",
    ),
    "a node in braces": (
        "[node]\nrs1 = {external = true} # mine\n",
        f'[node]\nrs1 = {{ address = "10.1.0.21", external = true}} # mine\n\n{RS2}',
    ),
    "a node in empty braces": (
        "[node]\nrs1 = {}\nrs2 = { }\n",
        '[node]\nrs1 = { address = "10.1.0.21" }\nrs2 = { address = "2001:db8::22" }\n',
    ),
    "keys with dots": (
        "node.rs1.external = true\n",
        f'node.rs1.address = "10.1.0.21"\nnode.rs1.external = true\n\n{RS2}',
    ),
    "keys with dots under a header": (
        "[node]\n\t'rs1' . external = true\n",
        f"[node]\n\t'rs1'.address = \"10.1.0.21\"\n\t'rs1' . external = true\n\n{RS2}",
    ),
    "all nodes in braces": (
        "node = { rs1 = { external = true } }\n",
        'node = { rs2 = { address = "2001:db8::22" },'
        ' rs1 = { address = "10.1.0.21", external = true } }\n',
    ),
    "all nodes in empty braces": (
        "node = {}",
        'node = { rs1 = { address = "10.1.0.21" }, rs2 = { address = "2001:db8::22" } }',
    ),
    "keys with dots in braces": (
        "node = {rs1.external = true}",
        'node = { rs2 = { address = "2001:db8::22" }, rs1.address = "10.1.0.21",'
        " rs1.external = true}",
    ),
    "addresses that are there": (
        '[node.rs1]\naddress = "10.9.9.9"\n[node]\nrs2.address = "10.9.9.8"',
        '[node.rs1]\naddress = "10.9.9.9"\n[node]\nrs2.address = "10.9.9.8"',
    ),
    "lines that end as in Windows": (
        "[node.rs1]\r\n# mine\r\n",
        f'[node.rs1]\n address = "10.1.0.21"\n# mine\n\n{RS2}'.replace("\n a", "\na").replace(
            "\n", "\r\n"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_address_goes_where_the_node_stands(case: str) -> None:
    before, after = CASES[case]
    assert with_node_addresses(before, REPORTED) == after


@pytest.mark.parametrize("case", CASES)
def test_the_result_says_the_addresses_and_is_left_alone_the_second_time(case: str) -> None:
    after = CASES[case][1]
    configuration = parse(after).configuration
    assert configuration is not None
    assert {"rs1", "rs2"} == set(configuration.nodes)
    assert with_node_addresses(after, REPORTED) == after


def test_a_name_with_a_dot_is_quoted() -> None:
    assert '[node."rs.1"]' in with_node_addresses("", {"rs.1": ip_address("10.1.0.21")})


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        with_node_addresses("a =", REPORTED)


def plus(configuration: Configuration, reported: dict[str, IPAddress]) -> Configuration:
    nodes = dict(configuration.nodes)
    for name, address in reported.items():
        node = nodes.get(name, Node(name=name))
        nodes[name] = node if node.address else replace(node, address=address)
    return replace(configuration, nodes=nodes)


def is_subsequence(lines: list[str], of: list[str]) -> bool:
    rest = iter(of)
    return all(line in rest for line in lines)


@given(st.data(), configurations, st.dictionaries(short_names, addresses, max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_in_any_spelling_the_addresses_come_and_nothing_goes(
    data: st.DataObject, configuration: Configuration, reported: dict[str, IPAddress]
) -> None:
    reported |= {name: ip_address("10.1.0.21") for name in configuration.nodes}
    text = data.draw(styled(tomllib.loads(render(configuration))))
    completed = with_node_addresses(text, reported)
    assert parse(completed).configuration == plus(configuration, reported)
    assert with_node_addresses(completed, reported) == completed
    kept = [line for line in text.split("\n") if line.strip() and "{" not in line]
    assert is_subsequence(
        [line.rstrip("\r") for line in kept], [line.rstrip("\r") for line in completed.split("\n")]
    )
    assert is_subsequence(list(text), list(completed))
