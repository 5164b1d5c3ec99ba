"""What LVSM relies on of the packet filter, nftables or xtables: needs no IPVS."""

from __future__ import annotations

from lvsm.core.filter_rules import AnyRule, Mark, Masquerade
from lvsm.core.model import Protocol
from lvsm.core.operations import SetRules
from tests.contract.bench import INTERFACE, Bench

MASQUERADES: tuple[AnyRule, ...] = (
    Masquerade(source="10.9.0.21/32", inside=INTERFACE),
    Masquerade(source="10.9.0.64/30", inside=INTERFACE),
    Masquerade(source="2001:db8:9::21/128", inside="gone0"),
)
MARKS: tuple[AnyRule, ...] = (
    Mark(address="198.51.100.10", protocol=Protocol.TCP, ports=(80, 443), mark=7),
    Mark(address="198.51.100.10", protocol=Protocol.UDP, ports=(53,), mark=8),
    Mark(address="198.51.100.11", protocol=Protocol.SCTP, mark=9),
    Mark(address="2001:db8:100::10", mark=0xFFFFFFFF),
)


def every_kind_of_rule_is_read_back(bench: Bench) -> None:
    rules = (*MASQUERADES, *MARKS)
    bench.packet_filter.replace(rules)
    found = bench.packet_filter.read()
    assert set(found.rules) == set(rules)
    assert len(found.rules) == len(rules)
    assert found.damage == ""


def rules_are_replaced_as_a_whole(bench: Bench) -> None:
    for rules in (MASQUERADES, MARKS, MASQUERADES[:1], (), MARKS[3:], ()):
        bench.packet_filter.replace(rules)
        found = bench.packet_filter.read()
        assert (set(found.rules), found.damage) == (set(rules), "")


def the_same_twice_changes_nothing(bench: Bench) -> None:
    for _ in range(2):
        assert bench.perform(SetRules(rules=MARKS)) == {}
    assert bench.state().owned.rules
    assert set(bench.state().rules.rules) == set(MARKS)
    for _ in range(2):
        assert bench.perform(SetRules()) == {}
    assert not bench.state().owned.rules
    assert bench.packet_filter.read().rules == ()
