"""The packet filter's rules that LVSM makes, as data; `nftables_text`, `xtables_text` write them.

Law: these two kinds are all that LVSM ever puts into a packet filter, each in a chain of its own
that nobody else writes to. Types are strict, for they cross to the privileged half. Addresses are
canonical text.
"""

from __future__ import annotations

import msgspec

from lvsm.core.model import Protocol


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="rule"):
    """Root of the rules."""


class Masquerade(Rule, frozen=True, kw_only=True, tag="masquerade"):
    """What `source`, a network, begins itself gets the address of the interface it leaves by.

    But for what leaves by `inside`, the realservers' own interface. What IPVS translates is not
    touched by it: IPVS takes its packets out of connection tracking (net.ipv4.vs.conntrack is 0).
    """

    source: str
    inside: str


class Mark(Rule, frozen=True, kw_only=True, tag="mark"):
    """What comes for `address` gets a firewall mark: one protocol or all, some ports or all.

    At most MOST_PORTS ports, which is what one rule of xtables can name; ports need a protocol.
    """

    address: str
    mark: int
    protocol: Protocol | None = None
    ports: tuple[int, ...] = ()


MOST_PORTS = 15
"""Ports in one rule (iptables-extensions(8), multiport)."""

AnyRule = Masquerade | Mark


class RuleSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of ours that the packet filter has; `damage` says what is wrong with them beside.

    A rule of somebody else's in our chains is damage, and so is a chain that nothing leads to.
    """

    rules: tuple[AnyRule, ...] = ()
    damage: str = ""
