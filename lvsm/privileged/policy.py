"""What types cannot say: which values the privileged half accepts from the worker.

Law: a check in here never trusts that the worker has validated. It assumes the worker is an
attacker who has taken over an unprivileged process, and keeps such a one from doing more to the
machine than moving LVSM's own addresses and services.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_interface, ip_network

from lvsm.core.errors import LvsmError
from lvsm.core.filter_rules import MOST_PORTS, AnyRule, Masquerade
from lvsm.core.model import IPAddress
from lvsm.core.operations import (
    MARK_ADDRESSES,
    AddAddress,
    AddDestination,
    AddService,
    Announce,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    Destination,
    HoldGroup,
    InterfaceAddress,
    Owned,
    ReleaseGroup,
    RestoreSysctl,
    Service,
    ServiceKey,
    SetDestination,
    SetRules,
    SetService,
    SetSysctl,
    TakeDown,
)
from lvsm.core.verbs import HaresourcesGroup, MonService

MAX_OPERATIONS = 200_000
MAX_RULES = 20_000
SYSCTLS: dict[str, range] = {
    "net.ipv4.conf.all.arp_ignore": range(3),
    "net.ipv4.conf.all.arp_announce": range(3),
    "net.ipv4.conf.all.promote_secondaries": range(2),
    "net.ipv4.conf.all.accept_redirects": range(2),
    "net.ipv4.ip_forward": range(2),
    "net.ipv4.conf.tunl0.rp_filter": range(3),
    "net.ipv4.conf.ip6tnl0.rp_filter": range(3),
    "net.ipv6.conf.all.accept_redirects": range(2),
    "net.ipv6.conf.all.forwarding": range(2),
    "net.ipv4.vs.expire_nodest_conn": range(2),
    "net.ipv4.vs.expire_quiescent_template": range(2),
    "net.ipv4.vs.sloppy_sctp": range(2),
    "net.ipv4.vs.sloppy_tcp": range(2),
}
FLAGS = frozenset({"sched-1", "sched-2", "sched-3", "ops", "mh-port", "mh-fallback",
                   "sh-port", "sh-fallback"})  # fmt: skip
ENGINES = frozenset({"", "sip"})
_INTERFACE = re.compile(r"[A-Za-z0-9_.@-]{1,15}", re.ASCII)
_GROUP = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_SCHEDULER = re.compile(r"[a-z0-9_]{1,16}", re.ASCII)
_INSIDE = re.compile(r"[A-Za-z0-9_.-]{1,15}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}(?::[0-9]{1,5})?", re.ASCII)
_STAMP = re.compile(r"[0-9a-f]{16,64}", re.ASCII)
_HASHED = re.compile(r"\$6\$[./0-9A-Za-z]{8,16}\$[./0-9A-Za-z]{86}", re.ASCII)
_HIDDEN = frozenset({"lo", "tunl0", "ip6tnl0", "sit0"})


class PolicyError(LvsmError):
    """The worker asked for something that it may never have."""

    code = "refused"


def check(operations: Sequence[AnyOperation], owned: Owned) -> None:
    """Raise PolicyError for the first operation that is not acceptable.

    `owned` is the privileged half's own record: only what it names may be taken away, unless the
    same batch has put it there before.
    """
    _demand(len(operations) <= MAX_OPERATIONS, "too many operations in one request")
    services = set(owned.services)
    addresses = set(owned.addresses)
    for index, operation in enumerate(operations):
        try:
            _check(operation, services, addresses)
        except PolicyError as error:
            raise PolicyError(f"operation {index}: {error.message}") from error


def _check(  # noqa: C901, PLR0912  one table of cases reads best in one place
    operation: AnyOperation, services: set[ServiceKey], addresses: set[InterfaceAddress]
) -> None:
    match operation:
        case AddDestination(key=key, destination=d) | SetDestination(key=key, destination=d):
            _demand(key in services, "a realserver of a service that LVSM did not make")
            _check_destination(d)
        case AddService(service=service) | SetService(service=service):
            _check_service(service)
            services.add(service.key)
        case DeleteService(key=key):
            _demand(key in services, "a service that LVSM did not make")
        case DeleteDestination(key=key):
            _demand(key in services, "a realserver of a service that LVSM did not make")
        case AddAddress(address=address):
            _check_address(address)
            addresses.add(address)
        case DeleteAddress(address=address):
            _demand(address in addresses, "an address that LVSM did not add")
        case SetSysctl(name=name, value=value):
            _demand(value in SYSCTLS.get(name, ()), f"sysctl {name!r} = {value}")
        case RestoreSysctl(name=name):
            _demand(name in SYSCTLS, f"sysctl {name!r}")
        case SetRules(rules=rules):
            _demand(len(rules) <= MAX_RULES, "too many rules of the packet filter")
            for rule in rules:
                _check_rule(rule)
        case BringUp() | TakeDown():
            pass  # their types name all that there is
        case Announce(address=address):
            _demand(address in addresses, "an announcement of an address that LVSM did not add")
        case HoldGroup(group=group, addresses=held):
            _check_group(group)
            for address in held:
                _check_address(address)
        case ReleaseGroup(group=group):
            _check_group(group)


def check_haresources(groups: Sequence[HaresourcesGroup], nodes: Collection[str]) -> None:
    """Raise PolicyError unless every line names a plain group and nodes that ha.cf lists.

    heartbeat runs as root what haresources names: this is why only typed values come this far.
    """
    seen: set[str] = set()
    for entry in groups:
        _check_group(entry.group)
        _demand(entry.group not in seen, f"group {entry.group} twice")
        seen.add(entry.group)
        _demand(len(entry.directors) > 0, f"group {entry.group} without a director")
        for director in entry.directors:
            _demand(director in nodes, f"director {director!r}, which ha.cf does not list")
        for address in entry.addresses:
            _ip(address)
        for vip in entry.vips:
            _check_group(vip)


def check_mon(services: Sequence[MonService], hashed: str) -> None:
    """Raise PolicyError unless mon's files would name only our monitor, groups and realservers.

    mon runs what its file names, as its own user: only typed values come this far.
    """
    _demand(_HASHED.fullmatch(hashed) is not None, "a password that is not hashed by SHA-512")
    seen: set[str] = set()
    for entry in services:
        _check_group(entry.vip)
        _demand(entry.vip not in seen, f"virtual service {entry.vip} twice")
        seen.add(entry.vip)
        _demand(_STAMP.fullmatch(entry.stamp) is not None, "a check's stamp")
        _demand(0 < entry.seconds <= 100_000, f"an interval of {entry.seconds} s")
        _demand(len(entry.labels) > 0, "a check of nobody")
        for label in entry.labels:
            _demand(_LABEL.fullmatch(label) is not None, f"the label {label[:80]!r}")


def _check_key(key: ServiceKey) -> None:
    if key.protocol is None:
        _demand(0 < key.fwmark < 2**32, f"firewall mark {key.fwmark}")
        _demand(key.port == 0, "a port of a firewall mark")
        _demand(key.address in MARK_ADDRESSES.values(), "an address of a firewall mark")
    else:
        _demand(key.fwmark == 0, "a firewall mark with a protocol")
        _unicast(_ip(key.address))
        _demand(0 <= key.port <= 0xFFFF, f"port {key.port}")


def _check_service(service: Service) -> None:
    key = service.key
    _check_key(key)
    _demand(_SCHEDULER.fullmatch(service.scheduler) is not None, "the scheduler's name")
    _demand(0 <= service.persistence < 2**31, "the persistence")
    _demand(0 <= service.netmask < (32 if key.version == 4 else 128), "the netmask")
    _demand(service.engine in ENGINES, "the persistence engine's name")
    _demand(set(service.flags) <= FLAGS, "a flag")


def _check_destination(destination: Destination) -> None:
    _check_host(destination.address)
    _demand(0 <= destination.port <= 0xFFFF, f"port {destination.port}")
    _demand(0 <= destination.weight <= 0xFFFF, f"weight {destination.weight}")
    _demand(0 <= destination.upper_threshold < 2**31, "the upper threshold")
    _demand(0 <= destination.lower_threshold < 2**31, "the lower threshold")
    _demand(0 <= destination.tunnel_port <= 0xFFFF, f"port {destination.tunnel_port}")


def _check_address(address: InterfaceAddress) -> None:
    _demand(_INTERFACE.fullmatch(address.interface) is not None, "an interface's name")
    try:
        parsed = ip_interface(address.address)
    except ValueError as error:
        raise PolicyError(f"address {address.address!r}") from error
    _demand(str(parsed) == address.address, "an address that is not in canonical form")
    _unicast(parsed.ip)
    if address.interface in _HIDDEN:
        whole = parsed.network.prefixlen == parsed.max_prefixlen
        _demand(whole, f"a network on {address.interface}")


def _check_rule(rule: AnyRule) -> None:
    if isinstance(rule, Masquerade):
        try:
            network = ip_network(rule.source)
        except ValueError as error:
            raise PolicyError(f"network {rule.source!r}") from error
        _demand(str(network) == rule.source, "a network that is not in canonical form")
        _demand(network.prefixlen > 0, "to masquerade everything")
        _demand(_INSIDE.fullmatch(rule.inside) is not None, "an interface's name")
        return
    _unicast(_ip(rule.address))
    _demand(0 < rule.mark < 2**32, f"mark {rule.mark}")
    _demand(len(rule.ports) <= MOST_PORTS, "too many ports in a rule")
    _demand(rule.protocol is not None or not rule.ports, "ports without a protocol")
    for port in rule.ports:
        _demand(0 < port <= 0xFFFF, f"port {port}")


def check_sources(sources: Sequence[str]) -> None:
    """Raise PolicyError unless these are addresses of hosts."""
    for source in sources:
        _unicast(_ip(source))


def _check_group(name: str) -> None:
    _demand(_GROUP.fullmatch(name) is not None and ".." not in name, f"the name {name[:70]!r}")


def _ip(text: str) -> IPAddress:
    try:
        parsed = ip_address(text)
    except ValueError as error:
        raise PolicyError(f"address {text!r}") from error
    _demand(str(parsed) == text, "an address that is not in canonical form")
    return parsed


@lru_cache(maxsize=1 << 16)
def _check_host(text: str) -> None:
    """The address of a realserver; one that was acceptable stays so.

    The same as `_unicast`, which would take seconds for tens of thousands, for IPv4's four bytes.
    """
    try:
        raw = socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        _unicast(_ip(text))
        return
    host = raw[0] not in (0, 127, 255) and not 224 <= raw[0] < 240 and raw[:2] != b"\xa9\xfe"
    _demand(host and socket.inet_ntop(socket.AF_INET, raw) == text, f"address {text!r}")


def _unicast(address: IPAddress) -> None:
    bad = (
        address.is_loopback
        or address.is_multicast
        or address.is_unspecified
        or address.is_link_local
        or (isinstance(address, IPv4Address) and address.packed[0] in (0, 255))
    )
    _demand(not bad, f"address {address}, which is no host's")


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise PolicyError(f"not acceptable: {what}")
