"""Which addresses no machine can have as its own on a network."""

from __future__ import annotations

from lvsm.core.model import IPAddress
from lvsm.core.rules import IPNetwork


def unusable(ip: IPAddress) -> str | None:
    """What kind of address this is that packets cannot be sent to from elsewhere; None for good."""
    kinds = (
        (ip.is_unspecified, "the unspecified address"),
        (ip.is_loopback, "a loopback address"),
        (ip.is_multicast, "a multicast address"),
        (ip.is_link_local, "a link-local address"),
        (ip.version == 4 and ip.packed[0] in (0, 255), "no host's address"),
        (ip.version == 6 and ip.ipv4_mapped is not None, "an IPv4 address written as IPv6"),
    )
    return next((what for holds, what in kinds if holds), None)


def is_edge(ip: IPAddress, network: IPNetwork) -> bool:
    """Whether `ip` is the network's own IPv4 address or its broadcast address (RFC 3021 aside)."""
    plain = ip.version == 4 and network.prefixlen < 31
    return plain and ip in (network.network_address, network.broadcast_address)
