"""LVSM's rules as libnftables-json(5): written for `nft -j -f -`, read from `nft -j list table`.

Law: everything is in one table of our own, `inet lvsm`, and one text is one transaction: the table
goes and comes whole, or nothing changes. An expression that comes back as it was written is ours;
anything else in our table is damage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from lvsm.core.filter_rules import AnyRule, Mark, Masquerade, RuleSet
from lvsm.core.model import Protocol

FAMILY = "inet"
TABLE = "lvsm"
_PLACE = {"family": FAMILY, "table": TABLE}
_CHAINS = {
    "masquerade": {"type": "nat", "hook": "postrouting", "prio": 100, "policy": "accept"},
    "mark": {"type": "filter", "hook": "prerouting", "prio": -150, "policy": "accept"},
}
Expression = list[dict[str, Any]]


def render(rules: Iterable[AnyRule]) -> str:
    """The transaction after which our table has just these rules; without any there is no table."""
    table = {"table": {"family": FAMILY, "name": TABLE}}
    commands: list[dict[str, Any]] = [{"add": table}, {"delete": table}]
    found = list(rules)
    if found:
        commands.append({"add": table})
        commands += [
            {"add": {"chain": {**_PLACE, "name": name, **hook}}} for name, hook in _CHAINS.items()
        ]
        commands += [
            {"add": {"rule": {**_PLACE, "chain": _chain(rule), "expr": expression(rule)}}}
            for rule in found
        ]
    return json.dumps({"nftables": commands})


def _chain(rule: AnyRule) -> str:
    return "masquerade" if isinstance(rule, Masquerade) else "mark"


def expression(rule: AnyRule) -> Expression:
    """A rule as nft writes and reads it."""
    if isinstance(rule, Masquerade):
        network = ip_network(rule.source)
        prefix = {"prefix": {"addr": str(network.network_address), "len": network.prefixlen}}
        whole = network.prefixlen == network.max_prefixlen
        source = str(network.network_address) if whole else prefix
        return [
            _match(_payload(_ip(rule.source), "saddr"), source),
            _match({"meta": {"key": "oifname"}}, rule.inside, "!="),
            {"masquerade": None},
        ]
    found = [_match(_payload(_ip(rule.address), "daddr"), rule.address)]
    if rule.protocol and rule.ports:
        ports: object = rule.ports[0] if len(rule.ports) == 1 else {"set": sorted(rule.ports)}
        found.append(_match(_payload(rule.protocol.value, "dport"), ports))
    elif rule.protocol:
        found.append(_match({"meta": {"key": "l4proto"}}, rule.protocol.value))
    found.append({"mangle": {"key": {"meta": {"key": "mark"}}, "value": rule.mark}})
    return found


def _ip(text: str) -> str:
    return "ip6" if ":" in text else "ip"


def _payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def _match(left: dict[str, Any], right: object, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def has_table(text: str) -> bool:
    """Whether our table is in what `nft -j list tables` said."""
    try:
        entries = json.loads(text)["nftables"]
        return any(entry.get("table", {}).get("name") == TABLE for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def check() -> str:
    """The smallest transaction that shows whether the kernel takes our table."""
    return json.dumps({"nftables": [{"add": {"table": {"family": FAMILY, "name": TABLE}}}]})


def parse(text: str) -> RuleSet:
    """Our rules in what nft listed of our table; what cannot be read is damage."""
    rules: list[AnyRule] = []
    damage = []
    chains: dict[str, dict[str, Any]] = {}
    try:
        for entry in json.loads(text)["nftables"]:
            if "chain" in entry:
                chains[entry["chain"]["name"]] = entry["chain"]
            if "rule" in entry:
                rule = _rule(entry["rule"]["chain"], entry["rule"]["expr"])
                if rule is None:
                    damage.append(f"a rule that is not LVSM's: {json.dumps(entry['rule'])}")
                else:
                    rules.append(rule)
    except (ValueError, KeyError, TypeError) as error:
        return RuleSet(damage=f"what nft lists cannot be read: {error!r}")
    for name, hook in _CHAINS.items():
        if {key: chains.get(name, {}).get(key) for key in hook} != hook:
            damage.append(f"the chain {name} is not as LVSM made it")
    return RuleSet(rules=tuple(rules), damage="; ".join(damage))


def _rule(chain: str, found: Expression) -> AnyRule | None:
    """The rule with this expression, None for what `expression` would not write so."""
    try:
        rule = _masquerade(found) if chain == "masquerade" else _mark(found)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return rule if _chain(rule) == chain and expression(rule) == found else None


def _masquerade(found: Expression) -> Masquerade:
    source = found[0]["match"]["right"]
    if isinstance(source, dict):
        source = f"{source['prefix']['addr']}/{source['prefix']['len']}"
    return Masquerade(source=str(ip_network(source)), inside=found[1]["match"]["right"])


def _mark(found: Expression) -> Mark:
    protocol, ports = None, ()
    if len(found) > 2:
        middle = found[1]["match"]
        if "meta" in middle["left"]:
            protocol = Protocol(middle["right"])
        else:
            protocol = Protocol(middle["left"]["payload"]["protocol"])
            right = middle["right"]
            ports = tuple(right["set"]) if isinstance(right, dict) else (right,)
    return Mark(
        address=found[0]["match"]["right"],
        protocol=protocol,
        ports=ports,
        mark=found[-1]["mangle"]["value"],
    )
