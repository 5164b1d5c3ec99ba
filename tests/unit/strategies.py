"""What hypothesis draws the domain from; for every test that wants a name, a node or a cluster.

`configurations` says anything that a text can say; `sound_clusters` only what keeps every rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network

from hypothesis import strategies as st

from lvsm.core.check import Check, CheckType, OnFailure, Record
from lvsm.core.config_keys import (
    ENGINES,
    FLAGS,
    LARGEST_MARK,
    LARGEST_THRESHOLD,
    LONGEST_PERSISTENCE,
    SCHEDULERS,
)
from lvsm.core.model import (
    ALL_PORTS,
    Cluster,
    Configuration,
    Failback,
    ForeignServices,
    Forwarding,
    IPAddress,
    IPInterface,
    Node,
    Protocol,
    Realserver,
    SaveQuorum,
    TakeoverQuorum,
    Tunnel,
    VirtualService,
)
from lvsm.core.rules import Facts


def _names(longest: int) -> st.SearchStrategy[str]:
    rest = st.text("az09._-", max_size=longest - 1).filter(lambda text: ".." not in text)
    return st.tuples(st.sampled_from("abyz019"), rest).map("".join)


names = _names(63)
short_names = _names(5)
interface_names = st.tuples(st.sampled_from("eW0"), st.text("aZ9_.@-", max_size=14)).map("".join)
ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6)
addresses = st.one_of(ipv4, ipv6)
ports = st.integers(1, 65535)
port_lists = st.lists(ports, min_size=1, max_size=4, unique=True).map(tuple)
texts = st.text(st.characters())
"""Any text, lone surrogates included: what `bytes.decode(errors="surrogateescape")` may give."""


def prefixed(
    address: st.SearchStrategy[IPv4Address | IPv6Address],
) -> st.SearchStrategy[IPInterface]:
    """Addresses with a prefix length from 1."""
    return address.flatmap(
        lambda ip: st.integers(1, ip.max_prefixlen).map(lambda n: ip_interface(f"{ip}/{n}"))
    )


clusters = st.builds(
    Cluster,
    name=short_names,
    failback=st.sampled_from(Failback),
    save_quorum=st.sampled_from(SaveQuorum),
    takeover_quorum=st.sampled_from(TakeoverQuorum),
    foreign_services=st.sampled_from(ForeignServices),
)
nodes = st.builds(Node, name=short_names, address=st.none() | addresses, external=st.booleans())
marks = st.integers(1, LARGEST_MARK)
thresholds = st.just(0) | st.integers(1, LARGEST_THRESHOLD)
realservers = st.builds(
    Realserver,
    node=short_names,
    port=st.none() | ports,
    weight=st.integers(0, 65535),
    forwarding=st.none() | st.sampled_from(Forwarding),
    upper=thresholds,
    lower=thresholds,
    tunnel=st.sampled_from(Tunnel),
    tunnel_port=st.none() | ports,
)
sorry_servers = realservers.map(lambda entry: replace(entry, weight=1, upper=0, lower=0))


seconds = st.integers(100, 3000).map(lambda number: number / 100)
checks = st.builds(
    Check,
    type=st.sampled_from(CheckType),
    port=st.none() | ports,
    interval=seconds,
    timeout=seconds,
    rise=st.integers(1, 100),
    fall=st.integers(1, 100),
    damping=st.booleans(),
    method=st.sampled_from(("GET", "HEAD", "OPTIONS")),
    path=st.sampled_from(("/", "/health?a=b", "*")),
    host=st.none() | st.sampled_from(("www.example.com", "[2001:db8::1]:80")),
    headers=st.lists(st.sampled_from(("A: b", "X-Check: \\ 1")), unique=True).map(tuple),
    expect=st.lists(st.sampled_from(("200", "2xx", "404")), min_size=1, unique=True).map(tuple),
    body=st.none() | st.sampled_from(("ready", "a\\d+", "\\n é\\.")),
    limit=st.integers(1, 2**24),
    verify=st.booleans(),
    send=st.sampled_from(("", "PING\n", "\\ é")),
    send_hex=st.sampled_from(("", "00ff")),
    receive=st.none() | st.sampled_from(("PONG", r"\x00$")),
    tls=st.booleans(),
    query=st.none() | st.sampled_from(("www.example.com", ".")),
    record=st.sampled_from(Record),
    expires=st.none() | st.integers(0, 3650),
)


@st.composite
def virtual_services(draw: st.DrawFn) -> VirtualService:
    """Virtual services that a text can say."""
    explicit = draw(st.booleans())
    mark = draw(st.none() | marks)
    return VirtualService(
        name=draw(short_names),
        address=draw(prefixed(addresses) if explicit else addresses.map(ip_interface)),
        explicit_prefix=explicit,
        ports=draw(st.just(ALL_PORTS) | port_lists | (st.just(()) if mark else st.nothing())),
        fwmark=mark,
        protocol=draw(st.sampled_from(Protocol)),
        scheduler=draw(st.sampled_from(SCHEDULERS)),
        flags=draw(st.lists(st.sampled_from(FLAGS), unique=True, max_size=2).map(tuple)),
        one_packet=draw(st.booleans()),
        forwarding=draw(st.sampled_from(Forwarding)),
        nat_gateway=draw(st.none() | prefixed(addresses)),
        directors=draw(st.lists(short_names, min_size=1, max_size=3, unique=True).map(tuple)),
        persistence=draw(st.none() | st.integers(1, LONGEST_PERSISTENCE)),
        persistence_netmask=draw(st.none() | st.integers(1, 128)),
        persistence_engine=draw(st.none() | st.sampled_from(ENGINES)),
        interface=draw(st.none() | interface_names),
        enabled=draw(st.booleans()),
        realservers=draw(st.lists(realservers, max_size=4).map(tuple)),
        sorry=draw(st.none() | sorry_servers),
        check=draw(st.none() | checks),
        on_failure=draw(st.sampled_from(OnFailure)),
        min_up=draw(st.integers(0, 3)),
    )


configurations = st.builds(
    Configuration,
    cluster=clusters,
    nodes=st.lists(nodes, max_size=4).map(lambda found: {node.name: node for node in found}),
    vips=st.lists(virtual_services(), max_size=3).map(
        lambda found: {vip.name: vip for vip in found}
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundCluster:
    """A configuration that keeps every rule, and what its nodes reported of themselves."""

    configuration: Configuration
    facts: Facts


NODES_NETWORK = ip_network("10.1.0.0/24")
CLIENTS_NETWORK = ip_network("192.0.2.0/24")
_FLAGS = {"mh": ("mh-port", "mh-fallback"), "sh": ("sh-port", "sh-fallback")}


@st.composite
def sound_clusters(draw: st.DrawFn) -> SoundCluster:
    """Directors and realservers in one network, addresses in another, direct routing."""
    members = draw(st.lists(short_names, min_size=2, max_size=6, unique=True))
    own: dict[str, IPAddress] = {
        name: NODES_NETWORK[index + 1] for index, name in enumerate(members)
    }
    lists = draw(st.lists(st.permutations(members), min_size=1, max_size=3))
    vips = [
        draw(sound_virtual_services(f"v{index}", CLIENTS_NETWORK[index + 10], order))
        for index, order in enumerate(lists)
    ]
    networks = frozenset((NODES_NETWORK, CLIENTS_NETWORK))
    return SoundCluster(
        configuration=Configuration(
            nodes={name: Node(name=name, address=address) for name, address in own.items()},
            vips={vip.name: vip for vip in vips},
        ),
        facts=Facts(
            members=frozenset(members),
            node_addresses={name: frozenset((address,)) for name, address in own.items()},
            networks=dict.fromkeys(members, networks),
            schedulers=dict.fromkeys(members, frozenset(SCHEDULERS)),
        ),
    )


@st.composite
def sound_virtual_services(
    draw: st.DrawFn, name: str, address: IPAddress, nodes: list[str]
) -> VirtualService:
    """A virtual service of `address` by direct routing among `nodes`, for the rules to accept."""
    explicit = draw(st.booleans())
    protocol = draw(st.sampled_from((Protocol.TCP, Protocol.UDP)))
    scheduler = draw(st.sampled_from(SCHEDULERS))
    flags = _FLAGS.get(scheduler, ())
    cut = draw(st.integers(1, len(nodes)))
    found = draw(port_lists)
    return VirtualService(
        name=name,
        address=ip_interface(f"{address}/24" if explicit else str(address)),
        explicit_prefix=explicit,
        ports=found,
        protocol=protocol,
        scheduler=scheduler,
        flags=tuple(flag for flag in flags if draw(st.booleans())),
        one_packet=protocol is Protocol.UDP and draw(st.booleans()),
        directors=tuple(nodes[:cut]),
        persistence=draw(st.none() | st.integers(1, LONGEST_PERSISTENCE)),
        realservers=tuple(
            Realserver(
                node=node,
                port=draw(st.none() | st.just(found[0])) if len(found) == 1 else None,
                weight=draw(st.integers(1, 65535)),
            )
            for node in draw(st.lists(st.sampled_from(nodes), min_size=1, unique=True))
        ),
    )


OTHER_ADDRESS = ip_address("10.1.0.200")
"""One that no node of a sound cluster has."""
