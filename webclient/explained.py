"""What people want to know when they choose: schedulers and forwarding methods in a sentence each.

Sources: ipvsadm(8), and the kernel's Documentation/networking/ipvs-sysctl.rst.
"""

from __future__ import annotations

from collections.abc import Mapping

FORWARDING: Mapping[str, tuple[str, str]] = {
    "dr": (
        "Direct routing",
        "Realservers are in the directors' network and answer clients themselves. The fastest; the"
        " port stays as it is.",
    ),
    "nat": (
        "NAT",
        "Packets pass the director in both directions. Realservers may have other ports and need"
        " the gateway below as their default route.",
    ),
    "tun": (
        "Tunnel",
        "As direct routing, wrapped in IP: realservers may be in any network that lets them answer"
        " for the address.",
    ),
}
SCHEDULERS: Mapping[str, str] = {
    "wlc": "fewest connections by weight",
    "wrr": "one after the other by weight",
    "mh": "Maglev hashing of the client: directors choose alike",
    "rr": "one after the other",
    "lc": "fewest connections",
    "sed": "shortest expected delay by weight",
    "nq": "an idle one first, then sed",
    "sh": "hash of the client's address",
    "dh": "hash of the destination's address",
    "fo": "the heaviest that is up",
    "ovf": "the heaviest until it is full",
    "twos": "the better of two drawn at random",
    "lblc": "by destination, fewest connections (caches)",
    "lblcr": "lblc with sets of realservers (caches)",
}
LABELS: Mapping[str, str] = {
    "address": "Address",
    "ports": "Ports",
    "protocol": "Protocol",
    "fwmark": "Firewall mark",
    "scheduler": "Scheduler",
    "flags": "Flags of the scheduler",
    "one_packet": "One packet at a time",
    "forwarding": "Forwarding",
    "nat_gateway": "NAT gateway",
    "directors": "Directors",
    "persistence": "Persistence (seconds)",
    "persistence_netmask": "Persistence netmask (bits)",
    "persistence_engine": "Persistence engine",
    "interface": "Interface",
    "enabled": "In service",
    "node": "Node",
    "port": "Port",
    "weight": "Weight",
    "min_up": "Keep in service",
    "on_failure": "When a check fails",
    "upper": "Upper threshold",
    "lower": "Lower threshold",
    "tunnel": "Tunnel",
    "tunnel_port": "Tunnel port",
}
"""What the fields of forms are called; their hints are the meanings in the table of keys."""
