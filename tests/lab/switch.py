"""What the machine's side of the lab's networks looks like. Pure: topology in, scripts out.

Each network is a bridge, each interface of a node a port on it. A frame is marked with the number
of the node whose port it came in by; the mark stays with the packet even when the machine routes
it (`tun`), so a cut is a pair (mark, port) at which frames are dropped on their way out. Nothing
changes inside a node, as its network card would not come back from that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.lab.topology import MACHINE_END, Interface

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lab.topology import NodeInfo, Topology


class Cut(NamedTuple):
    """Frames of node `source` do not reach node `target`."""

    source: str
    target: str


def bridge(network: int) -> str:
    """Name a network's bridge."""
    return f"net{network}"


def taps(topology: Topology) -> list[tuple[str, Interface]]:
    """List the machine's side of every interface, in a fixed order."""
    return [(node.tap(i), i) for node in topology.nodes.values() for i in node.interfaces]


def bridges_batch(topology: Topology) -> str:
    """Return the `ip -batch` text that makes bridges and attaches taps that exist."""
    lines = ["link set lo up"]
    for network in topology.networks:
        name = bridge(network)
        end = Interface(name=name, network=network, host=MACHINE_END)
        lines += [
            f"link add {name} type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
            f"address add {end.address} dev {name}",
            f"address add {end.address6} dev {name} nodad",
            f"link set {name} up",
        ]
    lines += [f"link set {tap} master {bridge(i.network)} up" for tap, i in taps(topology)]
    return "\n".join(lines) + "\n"


def sysctls(topology: Topology) -> dict[str, str]:
    """Return the settings of the machine's end, by path below /proc/sys/net."""
    routed = "1" if topology.routed else "0"
    return {
        "ipv6/conf/all/disable_ipv6": "0",
        "ipv6/conf/default/disable_ipv6": "0",
        "ipv6/conf/default/accept_ra": "0",
        "ipv4/conf/all/rp_filter": "0",  # a realserver answers from the VIP, by another way
        "ipv4/conf/default/rp_filter": "0",
        "ipv4/conf/all/send_redirects": "0",
        "ipv4/conf/default/send_redirects": "0",
        "ipv4/ip_forward": routed,
        "ipv6/conf/all/forwarding": routed,
    }


def filter_script(topology: Topology) -> str:
    """Return the nftables script that marks frames and drops what is cut (nothing, at first)."""
    marks = "\n".join(
        f'    iifname "{node.tap(i)}" meta mark set {mark}'
        for mark, node in enumerate(topology.nodes.values(), 1)
        for i in node.interfaces
    )
    return f"""table bridge lab {{
  set cut {{ type mark . ifname; }}
  chain in {{
    type filter hook prerouting priority -300;
{marks}
  }}
  chain out {{
    type filter hook postrouting priority 0;
    meta mark . oifname @cut drop
  }}
}}
"""


def cuts_script(topology: Topology, cuts: Iterable[Cut]) -> str:
    """Return the nftables script that makes `cuts` the only ones, in one transaction."""
    marks = {name: mark for mark, name in enumerate(topology.nodes, 1)}
    elements = [
        f'{marks[cut.source]} . "{node.tap(i)}"'
        for cut in sorted(cuts)
        for node in [topology.nodes[cut.target]]
        for i in node.interfaces
    ]
    script = "flush set bridge lab cut\n"
    if elements:
        script += f"add element bridge lab cut {{ {', '.join(elements)} }}\n"
    return script


def node_batch(node: NodeInfo) -> str:
    """Return the `ip -batch` text that a node runs to join its networks."""
    lines = ["link set lo up"]
    for number, interface in enumerate(node.interfaces):
        # Two steps, since a rename needs the link down and eth0 of one is vec0 of another.
        lines += [
            f"link set vec{number} name {interface.name}",
            f"address add {interface.address} dev {interface.name} brd +",
            f"address add {interface.address6} dev {interface.name} nodad",
            f"link set {interface.name} up",
        ]
    if node.gateway:
        lines.append(f"route add default via {node.gateway}")
    if node.gateway6:
        lines.append(f"route add ::/0 via {node.gateway6}")
    return "\n".join(lines) + "\n"


def pairs(left: Iterable[str], right: Iterable[str], *, one_way: bool) -> set[Cut]:
    """Return the cuts between two sets of nodes."""
    cuts = {Cut(a, b) for a in left for b in right if a != b}
    return cuts if one_way else cuts | {Cut(b, a) for a, b in cuts}
