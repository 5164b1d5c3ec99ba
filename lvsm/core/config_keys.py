"""Every key of a configuration's text: how it is read, how it is written, and what it means.

Law: this is the one place that knows them. The text's reader and writer, the documentation and the
commands that set single keys are all made from these tables, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvsm.core import readers
from lvsm.core.check import OnFailure
from lvsm.core.check_keys import CHECK
from lvsm.core.key_table import Key, Kind, always, boolean, choice, key, number, table, text
from lvsm.core.model import (
    ALL_PORTS,
    Cluster,
    Failback,
    ForeignServices,
    Forwarding,
    Node,
    Protocol,
    Realserver,
    SaveQuorum,
    TakeoverQuorum,
    Tunnel,
    VirtualService,
)

FLAGS = ("mh-fallback", "mh-port", "sh-fallback", "sh-port")
SCHEDULERS = (
    "dh", "fo", "lblc", "lblcr", "lc", "mh", "nq", "ovf", "rr", "sed", "sh", "twos", "wlc", "wrr",
)  # fmt: skip
"""Those of Linux 6.12 (net/netfilter/ipvs/Kconfig); a kernel need not have them all."""
ENGINES = ("sip",)
LONGEST_PERSISTENCE = 31 * 24 * 3600
"""Seconds; the limit that ipvsadm and keepalived set (MAX_TIMEOUT in ipvsadm.c)."""
LARGEST_MARK = 2**32 - 1
LARGEST_THRESHOLD = 2**31 - 1
MOST_UP = 100_000
ALL = "all"
"""How a text says every port."""


def _address(vip: VirtualService) -> object:
    return vip.address if vip.explicit_prefix else vip.ip


def _ports(vip: VirtualService) -> object:
    return ALL if vip.all_ports else vip.ports or None


def _read_ports(value: object) -> tuple[int, ...]:
    if isinstance(value, str):
        readers.words((ALL,))(value)
        return ALL_PORTS
    found: tuple[int, ...] = _PORT_LIST(value)
    return found


_PORT_LIST = readers.many(readers.number(1, 65535, "port"), least=1)


CLUSTER: Mapping[str, Key] = table(
    text("name", readers.name, "what the cluster is called", '"www"', shown=always("name")),
    choice(
        "failback",
        Failback,
        "whether a director that comes back takes its groups back by itself",
        default=Cluster().failback,
    ),
    choice(
        "save_quorum",
        SaveQuorum,
        "how many nodes must hold a Save before it is acknowledged",
        default=Cluster().save_quorum,
    ),
    choice(
        "takeover_quorum",
        TakeoverQuorum,
        "whether a director must see a majority of the nodes to hold a group",
        default=Cluster().takeover_quorum,
    ),
    choice(
        "foreign_services",
        ForeignServices,
        "what becomes of IPVS services that LVSM did not make: leave touches none, adopt takes over"
        " those that have the address and port of a virtual service, exclusive removes the others",
        default=Cluster().foreign_services,
    ),
)
NODE: Mapping[str, Key] = table(
    text(
        "address",
        readers.address,
        "the address by which directors reach the node; its plvsd reports it",
        '"10.1.0.21"',
        default=None,
    ),
    boolean("external", "true for a realserver that runs no plvsd", default=Node(name="").external),
)
_FORWARDING = "how the packets get to the realserver: by NAT, direct routing or a tunnel"
_PORT = number(
    "port", 1, 65535, "the realserver's port, if it is another one (nat)", "8080", code="port"
)
_METHOD = choice("forwarding", Forwarding, "as the virtual service's, for this realserver")
_UPPER = number(
    "upper",
    1,
    LARGEST_THRESHOLD,
    "connections above which it gets no new ones",
    "2000",
    default=Realserver(node="").upper,
)
_LOWER = number(
    "lower",
    1,
    LARGEST_THRESHOLD,
    "connections below which it gets new ones again; without it, three quarters of `upper`",
    "1500",
    default=Realserver(node="").lower,
)
_TUNNEL = choice(
    "tunnel",
    Tunnel,
    "what forwarding by tun wraps packets in; gue and gre need a realserver that you set up",
    default=Tunnel.IPIP,
)
_TUNNEL_PORT = number(
    "tunnel_port", 1, 65535, "the UDP port that gue sends to", "6080", code="port"
)
_NODE_NAME = text(
    "node", readers.name, "the node that answers", '"rs1"', needed=True, shown=always("node")
)
REALSERVER: Mapping[str, Key] = table(
    _NODE_NAME,
    _PORT,
    number(
        "weight",
        0,
        65535,
        "its share of the connections; 0 takes no new ones",
        "10",
        code="weight",
        shown=always("weight"),
    ),
    _METHOD,
    _UPPER,
    _LOWER,
    _TUNNEL,
    _TUNNEL_PORT,
)
SORRY: Mapping[str, Key] = table(_NODE_NAME, _PORT, _METHOD, _TUNNEL, _TUNNEL_PORT)
VIP: Mapping[str, Key] = table(
    text(
        "address",
        readers.interface,
        "the address that clients connect to and that moves between the directors",
        '"192.0.2.10/24"',
        needed=True,
        shown=_address,
    ),
    key(
        "ports",
        Kind.LIST,
        _read_ports,
        'the ports, or "all"; a service with `fwmark` may have none',
        "[80, 443]",
        shown=_ports,
    ),
    choice("protocol", Protocol, "the transport protocol", default=Protocol.TCP),
    number(
        "fwmark",
        1,
        LARGEST_MARK,
        "the firewall mark that names the service: LVSM marks what comes to `ports`; without"
        " `ports`, your own rules set it",
        "7",
    ),
    text(
        "scheduler",
        readers.words(SCHEDULERS),
        "the algorithm that chooses a realserver (ipvsadm(8))",
        '"wlc"',
        words=SCHEDULERS,
        shown=always("scheduler"),
    ),
    key(
        "flags",
        Kind.LIST,
        readers.many(readers.words(FLAGS)),
        "flags of the schedulers mh and sh (ipvsadm(8))",
        '["mh-port"]',
        words=FLAGS,
        default=(),
    ),
    boolean(
        "one_packet",
        "true to schedule each packet by itself (ipvsadm's --ops); udp only",
        default=False,
    ),
    choice("forwarding", Forwarding, _FORWARDING, shown=always("forwarding")),
    text(
        "nat_gateway",
        lambda value: readers.interface(value)[0],
        "with nat, the realservers' default route, which moves with the service",
        '"10.1.0.254/24"',
    ),
    key(
        "directors",
        Kind.LIST,
        readers.many(readers.name, least=1),
        "the nodes that may hold the service, the most preferred first",
        '["dir1", "dir2"]',
        needed=True,
        shown=always("directors"),
    ),
    number(
        "persistence",
        1,
        LONGEST_PERSISTENCE,
        "seconds for which a client stays with its realserver",
        "300",
    ),
    number(
        "persistence_netmask",
        1,
        128,
        "bits of a client's address that persistence looks at: 24 keeps an IPv4 network together",
        "24",
    ),
    text(
        "persistence_engine",
        readers.words(ENGINES),
        "what persistence goes by instead of the client's address: sip's Call-ID",
        '"sip"',
        words=ENGINES,
    ),
    text(
        "interface",
        readers.interface_name,
        "the interface that gets the address; the route decides where none is named",
        '"eth1"',
    ),
    choice(
        "on_failure",
        OnFailure,
        "what becomes of a realserver that fails: weight 0, or out of the table",
        default=OnFailure.QUIESCE,
    ),
    number(
        "min_up",
        0,
        MOST_UP,
        "realservers that stay in service whatever checks say: those that failed last",
        "1",
        default=0,
    ),
    boolean("enabled", "false to keep the service in the text and out of the kernel", default=True),
)
TABLES: Mapping[str, Mapping[str, Key]] = {
    "cluster": CLUSTER,
    "node.NAME": NODE,
    "vip.NAME": VIP,
    "vip.NAME.realserver": REALSERVER,
    "vip.NAME.sorry": SORRY,
    "vip.NAME.check": CHECK,
}
"""The tables of a text with their keys; `realserver` is a list of tables."""
