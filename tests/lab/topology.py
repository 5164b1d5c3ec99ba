"""Which nodes and networks a lab has, and every address in it. Pure: names in, data out.

Every lab lives in a network namespace of its own, so all labs use the same addresses:

    10.77.0.0/24  eth0  public: what clients reach
    10.77.1.0/24  eth1  inner (nat) or far (tun): the realservers' network
    10.77.2.0/24  eth2  heartbeat, if asked for

The last byte tells the node: client 5, dirN 10+N, rsN 60+N, so .200 to .250 stay free for VIPs.
The machine's own end of each network is .253, which is also the router of `tun`; the
realservers of `nat` route by .254, which whoever balances for them must hold. fd00:77:N::/64
mirrors it all with the same last number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["director", "realserver", "client"]
TopologyName = Literal["lan", "nat", "tun"]

TOPOLOGIES: tuple[TopologyName, ...] = ("lan", "nat", "tun")
PUBLIC, INNER, HEARTBEAT = 0, 1, 2
MACHINE_END = 253
NAT_GATEWAY = 254
MAX_DIRECTORS = 40
MAX_REALSERVERS = 130
MEMORY = {"director": 192, "realserver": 128, "client": 96}


class TopologyError(ValueError):
    """There is no such cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network card of a node."""

    name: str
    network: int
    host: int

    @property
    def address(self) -> str:
        """The IPv4 address with its prefix length."""
        return f"10.77.{self.network}.{self.host}/24"

    @property
    def address6(self) -> str:
        """The IPv6 address with its prefix length."""
        return f"fd00:77:{self.network}::{self.host}/64"

    @property
    def mac(self) -> str:
        """A locally administered address that tells network and host."""
        return f"02:77:00:00:{self.network:02x}:{self.host:02x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """One node; `memory` is in megabytes."""

    name: str
    kind: Kind
    number: int
    interfaces: tuple[Interface, ...]
    gateway: str | None = None
    gateway6: str | None = None
    memory: int

    @property
    def addresses(self) -> dict[str, str]:
        """The IPv4 address of each interface, with its prefix length."""
        return {interface.name: interface.address for interface in self.interfaces}

    @property
    def addresses6(self) -> dict[str, str]:
        """The IPv6 address of each interface, with its prefix length."""
        return {interface.name: interface.address6 for interface in self.interfaces}

    @property
    def address(self) -> str:
        """The address the node's name resolves to, without prefix length."""
        return self.interfaces[0].address.partition("/")[0]

    def tap(self, interface: Interface) -> str:
        """Name the machine's side of an interface; at most 15 characters, as the kernel wants."""
        return f"{self.name}e{interface.network}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All nodes and networks of a lab."""

    name: TopologyName
    nodes: dict[str, NodeInfo]
    networks: tuple[int, ...]

    @property
    def routed(self) -> bool:
        """Whether the machine's ends route between the networks."""
        return self.name == "tun"

    def node(self, name: str) -> NodeInfo:
        """Return the node of that name, or say which there are."""
        try:
            return self.nodes[name]
        except KeyError:
            raise TopologyError(f"no node {name!r}; there are {', '.join(self.nodes)}") from None

    def hosts(self) -> str:
        """Return the text of /etc/hosts."""
        lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
        lines += [f"{node.address} {node.name}" for node in self.nodes.values()]
        return "\n".join(lines) + "\n"


def build(
    topology: str,
    *,
    directors: int = 2,
    realservers: int = 2,
    heartbeat_networks: int = 1,
    director_memory: int = MEMORY["director"],
) -> Topology:
    """Lay out a cluster; `director_memory` is in megabytes."""
    name = next((known for known in TOPOLOGIES if known == topology), None)
    if name is None:
        raise TopologyError(f"no topology {topology!r}; there are {', '.join(TOPOLOGIES)}")
    _check("directors", directors, 1, MAX_DIRECTORS)
    _check("realservers", realservers, 0, MAX_REALSERVERS)
    _check("heartbeat networks", heartbeat_networks, 1, 2)
    apart = name != "lan"
    extra = (HEARTBEAT,) * (heartbeat_networks - 1)
    for_directors = ((PUBLIC, INNER) if name == "nat" else (PUBLIC,)) + extra
    for_realservers = ((INNER if apart else PUBLIC), *extra)
    nodes = [
        *(_node("director", n, 10 + n, for_directors) for n in range(1, directors + 1)),
        *(_node("realserver", n, 60 + n, for_realservers) for n in range(1, realservers + 1)),
        _node("client", 1, 5, (PUBLIC,)),
    ]
    nodes = [
        replace(node, memory=director_memory) if node.kind == "director" else node for node in nodes
    ]
    if apart:
        nodes = [_with_gateway(node, name) for node in nodes]
    return Topology(
        name=name,
        nodes={node.name: node for node in nodes},
        networks=(PUBLIC, INNER)[: 1 + apart] + extra,
    )


def _check(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise TopologyError(f"{value} {what}: the lab has {low} to {high}")


def _node(kind: Kind, number: int, host: int, networks: tuple[int, ...]) -> NodeInfo:
    name = {"director": f"dir{number}", "realserver": f"rs{number}", "client": "client"}[kind]
    interfaces = tuple(Interface(name=f"eth{n}", network=n, host=host) for n in networks)
    return NodeInfo(name=name, kind=kind, number=number, interfaces=interfaces, memory=MEMORY[kind])


def _with_gateway(node: NodeInfo, topology: TopologyName) -> NodeInfo:
    """Give a default route: by the router in `tun`, by whoever holds NAT_GATEWAY in `nat`.

    In `nat` the clients have none: a realserver's answer must come through a director.
    """
    network = node.interfaces[0].network
    if topology == "nat" and node.kind != "realserver":
        return node
    host = NAT_GATEWAY if topology == "nat" else MACHINE_END
    return replace(node, gateway=f"10.77.{network}.{host}", gateway6=f"fd00:77:{network}::{host}")
