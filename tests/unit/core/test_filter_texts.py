"""LVSM's rules in the words of both packet filters: what is written is read back as it was."""

from __future__ import annotations

import json
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import nftables_text, xtables_text
from lvsm.core.filter_rules import MOST_PORTS, AnyRule, Mark, Masquerade
from lvsm.core.model import Protocol

interfaces = st.sampled_from(("eth0", "bond0.7", "a-b_c"))
networks = st.builds(
    lambda ip, length: str(ip_network(f"{ip}/{min(length, ip.max_prefixlen)}", strict=False)),
    st.ip_addresses(),
    st.integers(1, 128),
)
masquerades = st.builds(Masquerade, source=networks, inside=interfaces)
ports = st.lists(st.integers(1, 65535), max_size=MOST_PORTS, unique=True).map(sorted).map(tuple)
marks = st.builds(
    Mark,
    address=st.ip_addresses().map(str),
    mark=st.integers(1, 2**32 - 1),
    protocol=st.sampled_from(Protocol),
    ports=ports,
) | st.builds(Mark, address=st.ip_addresses().map(str), mark=st.integers(1, 2**32 - 1))
rules = st.lists(masquerades | marks, max_size=5)
BUILT_IN = (":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]")


def saved(found: list[AnyRule], table: str) -> list[str]:
    chain = xtables_text.TABLES[table]
    own = [xtables_text.line(r) for r in found if xtables_text.table_of(r) == table]
    return [*BUILT_IN, f":{chain} - [0:0]", xtables_text.JUMPS[table], *own]


@given(rules)
def test_xtables_reads_what_it_wrote(found: list[AnyRule]) -> None:
    for table in xtables_text.TABLES:
        read = xtables_text.parse(saved(found, table), table)
        assert list(read.rules) == [r for r in found if xtables_text.table_of(r) == table]
        assert read.damage == ""


@given(rules)
def test_nftables_reads_what_it_wrote(found: list[AnyRule]) -> None:
    commands = json.loads(nftables_text.render(found))["nftables"]
    listed = [command["add"] for command in commands if "add" in command]
    read = nftables_text.parse(json.dumps({"nftables": listed}))
    assert list(read.rules) == found
    assert bool(read.damage) == (not found)  # without rules there is no table


@given(st.text() | rules.map(nftables_text.render).map(lambda text: text.replace("match", "mtch")))
def test_nothing_that_nft_says_raises(text: str) -> None:
    nftables_text.parse(text)
    nftables_text.has_table(text)


@pytest.mark.parametrize(
    ("lines", "damage"),
    [
        (("-A LVSM-MARK -j ACCEPT",), "not LVSM's"),
        (("-A LVSM-MARK -d 192.0.2.1/32 -j MARK --set-xmark 0x7/0xff",), "not LVSM's"),
        (("-A LVSM-MARK -d 192.0.2.1/32 -j MARK --set-xmark 0x7/0xffffffff",), "nothing leads"),
        (("-A PREROUTING -j LVSM-MARK", "-A PREROUTING -i lo -j LVSM-MARK"), "2 rules lead"),
    ],
)
def test_what_is_not_as_lvsm_made_it_is_damage(lines: tuple[str, ...], damage: str) -> None:
    assert damage in xtables_text.parse(lines, "mangle").damage


def test_strangers_rules_and_chains_are_left_out() -> None:
    lines = [*BUILT_IN, ":OTHER - [0:0]", "-A PREROUTING -j OTHER", "-A OTHER -j ACCEPT"]
    assert xtables_text.parse(lines, "mangle").rules == ()
    assert xtables_text.render((), lines, "mangle") == ""
    text = xtables_text.render((Mark(address="192.0.2.1", mark=7),), lines, "mangle")
    assert "OTHER" not in text
    assert text.count("-A PREROUTING -j LVSM-MARK") == 1
