"""The domain: what a cluster's configuration says, in the field's own words.

Frozen data with its behaviour beside it. Nothing in here knows a file, a socket or the text the
configuration came from; `config_text` reads that, `validate` holds it against the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from lvsm.core.check import Check, OnFailure

IPAddress = IPv4Address | IPv6Address
IPInterface = IPv4Interface | IPv6Interface


class _Word(StrEnum):
    """A word of a configuration. It hashes as its text: an enumeration's own way is Python code."""

    __hash__ = str.__hash__


class Protocol(_Word):
    """Transport protocols that IPVS schedules."""

    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"


class Forwarding(_Word):
    """How a director hands a packet to a realserver (ipvsadm's -m, -g and -i)."""

    NAT = "nat"
    DR = "dr"
    TUN = "tun"


class Tunnel(_Word):
    """What forwarding by tun wraps a packet in (ipvsadm's --tun-type)."""

    IPIP = "ipip"
    GUE = "gue"
    GRE = "gre"


class Failback(StrEnum):
    """Whether a returning, more preferred director takes its groups back by itself."""

    AUTO = "auto"
    MANUAL = "manual"


class SaveQuorum(StrEnum):
    """How many nodes must hold a Save before it is acknowledged."""

    MAJORITY = "majority"
    ANY = "any"


class ForeignServices(StrEnum):
    """What becomes of IPVS services that LVSM did not make (`core.foreign` has the details)."""

    LEAVE = "leave"
    ADOPT = "adopt"
    EXCLUSIVE = "exclusive"


class TakeoverQuorum(StrEnum):
    """Whether a director must see a majority of the nodes to hold a group."""

    NONE = "none"
    MAJORITY = "majority"


ALL_PORTS = (0,)
"""The ports of a virtual service that takes connections to every port, as the kernel writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What holds for the whole cluster."""

    name: str = "lvsm"
    failback: Failback = Failback.AUTO
    save_quorum: SaveQuorum = SaveQuorum.MAJORITY
    takeover_quorum: TakeoverQuorum = TakeoverQuorum.NONE
    foreign_services: ForeignServices = ForeignServices.ADOPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine named by the configuration; `address` is None until the node has reported one."""

    name: str
    address: IPAddress | None = None
    external: bool = False
    text: str = field(init=False, compare=False, repr=False)
    """The address as text, empty for none: made once, and not for each realserver."""

    def __post_init__(self) -> None:
        """Make the text."""
        object.__setattr__(self, "text", "" if self.address is None else str(self.address))


@dataclass(frozen=True, slots=True, kw_only=True)
class Realserver:
    """One node that answers for a virtual service; None means "as the virtual service says".

    `upper` and `lower` are connections: above the one the kernel gives it no new ones until there
    are fewer than the other; 0 for no limit. `tunnel_port` is the UDP port that gue sends to.
    """

    node: str
    port: int | None = None
    weight: int = 1
    forwarding: Forwarding | None = None
    upper: int = 0
    lower: int = 0
    tunnel: Tunnel = Tunnel.IPIP
    tunnel_port: int | None = None

    @property
    def label(self) -> str:
        """What tells it from the service's other realservers: `rs1`, or `rs1:8080` with a port."""
        return self.node if self.port is None else f"{self.node}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualService:
    """One `[vip.NAME]`: an address with ports, spread over realservers by a director.

    `address` has the prefix that the text gave, or a full-length one when it gave none
    (`explicit_prefix` tells which). `ports` are numbers, ALL_PORTS, or none for a service that is
    named by a firewall mark alone. `persistence` is in seconds, None for none;
    `persistence_netmask` the bits of a client's address that tell clients apart, None for all;
    `persistence_engine` what tells them apart instead of the address (sip: the call).

    `fwmark` names the service in the kernel instead of address, protocol and ports: with `ports`,
    LVSM marks what comes to them; without, the administrator's own rules set the mark.
    `sorry` answers while no realserver can. `check` finds out who can, None for no check; what
    becomes of one that cannot is `on_failure`, and `min_up` stay in service all the same.
    """

    name: str
    address: IPInterface
    explicit_prefix: bool = False
    ports: tuple[int, ...] = ()
    protocol: Protocol = Protocol.TCP
    fwmark: int | None = None
    scheduler: str = "wlc"
    flags: tuple[str, ...] = ()
    one_packet: bool = False
    forwarding: Forwarding = Forwarding.DR
    nat_gateway: IPInterface | None = None
    directors: tuple[str, ...]
    persistence: int | None = None
    persistence_netmask: int | None = None
    persistence_engine: str | None = None
    interface: str | None = None
    enabled: bool = True
    realservers: tuple[Realserver, ...] = ()
    sorry: Realserver | None = None
    check: Check | None = None
    on_failure: OnFailure = OnFailure.QUIESCE
    min_up: int = 0

    @property
    def ip(self) -> IPAddress:
        """The address without its prefix."""
        return self.address.ip

    @property
    def all_ports(self) -> bool:
        """Whether it takes connections to every port of its address."""
        return self.ports == ALL_PORTS

    def forwarding_of(self, realserver: Realserver) -> Forwarding:
        """The method by which `realserver` gets its packets: its own, or the service's."""
        return realserver.forwarding or self.forwarding

    def servers(self) -> Iterator[Realserver]:
        """Everybody who may answer: the realservers, then the sorry server if there is one."""
        yield from self.realservers
        if self.sorry is not None:
            yield self.sorry


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A cluster's whole configuration; `nodes` holds those that the text names, by name."""

    cluster: Cluster = field(default_factory=Cluster)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    vips: Mapping[str, VirtualService] = field(default_factory=dict)

    def realservers(self) -> Iterator[tuple[VirtualService, Realserver]]:
        """Every realserver and sorry server with its virtual service, in the text's order."""
        for vip in self.vips.values():
            for realserver in vip.servers():
                yield vip, realserver

    def directors(self) -> frozenset[str]:
        """Names of all nodes that some virtual service lists as a director."""
        return frozenset(name for vip in self.vips.values() for name in vip.directors)
