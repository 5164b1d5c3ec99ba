"""LVSM's rules in the words of iptables-save(8) and iptables-restore(8): written and read.

Law: two chains of our own, LVSM-MASQUERADE in the table nat and LVSM-MARK in mangle, each reached
by one rule of a built-in chain. A text for iptables-restore with --noflush replaces the content of
our chains in one step a table and touches no other rule. What is written is what the kernel's
rules look like when they are saved, so that equal lines are equal rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_interface, ip_network

from lvsm.core.filter_rules import AnyRule, Mark, Masquerade, RuleSet
from lvsm.core.model import Protocol

MASQUERADE_CHAIN = "LVSM-MASQUERADE"
MARK_CHAIN = "LVSM-MARK"
TABLES = {"nat": MASQUERADE_CHAIN, "mangle": MARK_CHAIN}
"""Our chain in each table."""
JUMPS = {
    "nat": f"-A POSTROUTING -j {MASQUERADE_CHAIN}",
    "mangle": f"-A PREROUTING -j {MARK_CHAIN}",
}
"""What leads to our chain in each table."""
_MASQUERADE = re.compile(
    rf"-A {MASQUERADE_CHAIN} -s (?P<source>\S+) ! -o (?P<inside>\S+) -j MASQUERADE"
)
_MARK = re.compile(
    rf"-A {MARK_CHAIN} -d (?P<address>\S+)/(?:32|128)"
    r"(?: -p (?P<protocol>tcp|udp|sctp)"
    r"(?: -m (?:(?P=protocol) --dport|multiport --dports) (?P<ports>[0-9,]+))?)?"
    r" -j MARK --set-xmark 0x(?P<mark>[0-9a-f]+)/0xffffffff"
)


def version_of(rule: AnyRule) -> int:
    """The IP version of the packets that a rule is about: 4 or 6."""
    text = rule.source if isinstance(rule, Masquerade) else rule.address
    return ip_interface(text).version


def table_of(rule: AnyRule) -> str:
    """The table that a rule belongs into."""
    return "nat" if isinstance(rule, Masquerade) else "mangle"


def render(rules: Sequence[AnyRule], saved: Sequence[str], table: str) -> str:
    """The text for iptables-restore that makes `rules` the content of our chain in a table.

    `saved` shows the table as it is. Without rules our chain goes, and the text is empty where
    there is none.
    """
    chain = TABLES[table]
    jumps = [f"-D{found[2:]}" for found in saved if _jumps(found, chain)]
    there = any(found.startswith(f":{chain} ") for found in saved)
    if rules:
        jump = JUMPS[table]
        in_place = [found for found in saved if _jumps(found, chain)] == [jump]
        head = [f":{chain} - [0:0]", *(() if in_place else (*jumps, jump))]
        lines = [*head, *map(line, rules)]
    else:
        lines = [*jumps, *((f"-F {chain}", f"-X {chain}") if there else ())]
    return "\n".join((f"*{table}", *lines, "COMMIT")) + "\n" if lines else ""


def line(rule: AnyRule) -> str:
    """A rule as iptables-save shows it."""
    if isinstance(rule, Masquerade):
        return f"-A {MASQUERADE_CHAIN} -s {rule.source} ! -o {rule.inside} -j MASQUERADE"
    length = ip_address(rule.address).max_prefixlen
    ports = ""
    if len(rule.ports) == 1:
        ports = f" -m {rule.protocol} --dport {rule.ports[0]}"
    elif rule.ports:
        ports = f" -m multiport --dports {','.join(map(str, rule.ports))}"
    protocol = f" -p {rule.protocol}" if rule.protocol else ""
    what = f"{protocol}{ports} -j MARK --set-xmark {rule.mark:#x}/0xffffffff"
    return f"-A {MARK_CHAIN} -d {rule.address}/{length}{what}"


def parse(saved: Sequence[str], table: str) -> RuleSet:
    """Our rules in what iptables-save showed of a table."""
    chain = TABLES[table]
    rules: list[AnyRule] = []
    damage = []
    for found in saved:
        if not found.startswith(f"-A {chain} "):
            continue
        rule = _rule(found)
        if rule is None:
            damage.append(f"a rule that is not LVSM's: {found}")
        else:
            rules.append(rule)
    jumps = sum(_jumps(found, chain) for found in saved)
    if rules and JUMPS[table] not in saved:
        damage.append(f"nothing leads to {chain} any more")
    elif jumps > 1:
        damage.append(f"{jumps} rules lead to {chain}")
    return RuleSet(rules=tuple(rules), damage="; ".join(damage))


def _jumps(found: str, chain: str) -> bool:
    return found.startswith("-A ") and found.endswith((f" -j {chain}", f" -g {chain}"))


def _rule(found: str) -> AnyRule | None:
    """The rule in a line, None for what `line` would not write so."""
    rule: AnyRule | None = None
    try:
        if match := _MASQUERADE.fullmatch(found):
            source = str(ip_network(match["source"]))
            rule = Masquerade(source=source, inside=match["inside"])
        elif match := _MARK.fullmatch(found):
            rule = Mark(
                address=str(ip_address(match["address"])),
                protocol=Protocol(match["protocol"]) if match["protocol"] else None,
                ports=tuple(int(port) for port in (match["ports"] or "").split(",") if port),
                mark=int(match["mark"], 16),
            )
    except ValueError:
        return None
    return rule if rule is not None and line(rule) == found else None
