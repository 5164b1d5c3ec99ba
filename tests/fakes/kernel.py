"""A kernel in memory: IPVS table, addresses, sysctls, announcements, the record of what is ours.

Law: it answers as the real kernel does, error codes included; `tests/contract` runs one suite
against both. Its parts can stand in for the adapters one by one, or the whole for a node.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Interface, ip_interface

from lvsm.adapters.sysctl import SysctlError
from lvsm.core.filter_rules import AnyRule, RuleSet
from lvsm.core.operations import (
    AddAddress,
    AddService,
    Announce,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DeleteService,
    Failure,
    HoldGroup,
    Interface,
    InterfaceAddress,
    KernelState,
    Owned,
    ReleaseGroup,
    RestoreSysctl,
    ServiceKey,
    ServiceState,
    SetRules,
    SetService,
    SetSysctl,
    TakeDown,
    TunnelText,
)
from tests.fakes.ipvs import FakeIpvs
from tests.fakes.refusals import RefusedError, each, refuse

PROMOTE = "net.ipv4.conf.all.promote_secondaries"
SYSCTLS = {
    "net.ipv4.conf.all.arp_ignore": 0,
    "net.ipv4.conf.all.arp_announce": 0,
    PROMOTE: 0,
    "net.ipv4.conf.all.accept_redirects": 0,
    "net.ipv4.ip_forward": 0,
    "net.ipv6.conf.all.accept_redirects": 0,
    "net.ipv6.conf.all.forwarding": 0,
}
IPVS_SYSCTLS = {
    "net.ipv4.vs.expire_nodest_conn": 0,
    "net.ipv4.vs.expire_quiescent_template": 0,
    "net.ipv4.vs.sloppy_sctp": 0,
    "net.ipv4.vs.sloppy_tcp": 0,
}
"""There where IPVS is."""
TUNNELS = ("tunl0", "ip6tnl0", "sit0")
LOOSE = {"tunl0": "net.ipv4.conf.tunl0.rp_filter", "ip6tnl0": "net.ipv4.conf.ip6tnl0.rp_filter"}
INTERFACES = (
    Interface(name="lo", carrier=True, addresses=("127.0.0.1/8", "::1/128")),
    Interface(name="eth0", carrier=True, addresses=("10.0.0.11/24",)),
    Interface(name="eth1", carrier=True, addresses=("10.1.0.11/24", "2001:db8:1::11/64")),
)
HARMLESS = frozenset({"exists", "missing"})


class FakeAddresses:
    """Interfaces with their addresses."""

    def __init__(self, interfaces: Sequence[Interface], sysctls: FakeSysctls) -> None:
        self._carrier = {interface.name: interface.carrier for interface in interfaces}
        self.up = {interface.name: interface.up for interface in interfaces}
        self.found = {interface.name: list(interface.addresses) for interface in interfaces}
        self._sysctls = sysctls

    def read_interfaces(self) -> tuple[Interface, ...]:
        return tuple(
            Interface(
                name=name,
                carrier=self._carrier.get(name, self.up[name]),
                up=self.up[name],
                addresses=tuple(addresses),
            )
            for name, addresses in self.found.items()
        )

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        return each(operations, self.perform)

    def perform(self, operation: AnyOperation) -> None:
        if not isinstance(operation, AddAddress | DeleteAddress):
            raise TypeError(operation)
        address = operation.address
        present = self.found.get(address.interface)
        if present is None:
            raise RefusedError("no-interface")
        if isinstance(operation, AddAddress):
            refuse(any(_same(address.address, other) for other in present), "exists")
            present.append(address.address)
        else:
            refuse(address.address not in present, "missing")
            going = self._going(address.address, present)
            self.found[address.interface] = [text for text in present if text not in going]

    def _going(self, text: str, present: Sequence[str]) -> set[str]:
        """What goes with an address: IPv4 drops a network's others when its first one goes."""
        mine = ip_interface(text)
        if not isinstance(mine, IPv4Interface) or self._sysctls.values.get(PROMOTE):
            return {text}
        together = [t for t in present if ":" not in t and ip_interface(t).network == mine.network]
        return set(together) if together[0] == text else {text}


def _same(text: str, other: str) -> bool:
    """Whether an interface cannot have both: IPv6 does not look at the prefix."""
    return text == other or (":" in text and ip_interface(text).ip == ip_interface(other).ip)


class FakeSysctls:
    """Kernel parameters."""

    def __init__(self, values: dict[str, int] | None = None) -> None:
        self.values = dict(SYSCTLS | IPVS_SYSCTLS if values is None else values)

    def read(self, names: Collection[str]) -> dict[str, int]:
        return {name: self.values[name] for name in names if name in self.values}

    def write(self, name: str, value: int) -> None:
        if name not in self.values:
            raise SysctlError(f"there is no {name}")
        self.values[name] = value


class FakeLinks:
    """Tunnels' devices, as their modules make them, and the ways out."""

    def __init__(self, addresses: FakeAddresses, sysctls: FakeSysctls) -> None:
        self._addresses = addresses
        self._sysctls = sysctls
        self.ways: dict[str, str] = {}

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        return each(operations, self.perform)

    def perform(self, operation: AnyOperation) -> None:
        if not isinstance(operation, BringUp | TakeDown):
            raise TypeError(operation)
        name = operation.interface
        if isinstance(operation, TakeDown):
            refuse(name not in self._addresses.up, "missing")
            self._addresses.up[name] = False
            return
        if name not in self._addresses.up:
            self._addresses.found[name] = []
            if name in LOOSE:
                self._sysctls.values[LOOSE[name]] = 0
        self._addresses.up[name] = True

    def ways_out(self, sources: Collection[str]) -> dict[str, str]:
        return {source: self.ways.get(source, "") for source in sources}


class FakePacketFilter:
    """The rules of ours."""

    def __init__(self) -> None:
        self.found = RuleSet()

    def read(self) -> RuleSet:
        return self.found

    def replace(self, rules: Sequence[AnyRule]) -> None:
        self.found = RuleSet(rules=tuple(rules))


class FakeKernel:
    """One node's kernel with the record of what LVSM put there; see the module's law."""

    def __init__(
        self,
        *,
        interfaces: Sequence[Interface] = INTERFACES,
        services: Sequence[ServiceState] = (),
        sysctls: dict[str, int] | None = None,
        ipvs: bool = True,
    ) -> None:
        """`interfaces`, `services` and `sysctls` are there before LVSM, so they are not its own."""
        self.ipvs = FakeIpvs(services, available=ipvs)
        self.sysctls = FakeSysctls(sysctls)
        self.addresses = FakeAddresses(interfaces, self.sysctls)
        self.links = FakeLinks(self.addresses, self.sysctls)
        self.packet_filter = FakePacketFilter()
        self.announced: list[InterfaceAddress] = []
        self._links: dict[TunnelText, None] = {}
        self._rules = False
        self._services: dict[ServiceKey, None] = {}
        self._addresses: dict[InterfaceAddress, None] = {}
        self._before: dict[str, int] = {}
        self._groups: dict[str, tuple[InterfaceAddress, ...]] = {}

    def read(self, ways_out_from: Collection[str] = ()) -> KernelState:
        """What there is now."""
        return KernelState(
            ipvs=self.ipvs.available(),
            services=self.ipvs.read(),
            interfaces=self.addresses.read_interfaces(),
            sysctls=dict(self.sysctls.values),
            owned=Owned(
                services=tuple(self._services),
                addresses=tuple(self._addresses),
                sysctls=dict(self._before),
                groups=dict(self._groups),
                links=tuple(self._links),
                rules=self._rules,
            ),
            rules=self.packet_filter.read(),
            ways_out=self.links.ways_out(ways_out_from),
        )

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Perform operations in order; what was refused, but for what was so already."""
        return tuple(f for f in each(operations, self.perform) if f.code not in HARMLESS)

    def announce(self, addresses: Sequence[InterfaceAddress]) -> tuple[Failure, ...]:
        """Note announcements."""
        return each([Announce(address=address) for address in addresses], self.perform)

    def perform(self, operation: AnyOperation) -> None:
        """Perform one operation, and record it; raises RefusedError, LvsmError."""
        match operation:
            case AddAddress(address=address):
                self._addresses[address] = None
                self.addresses.perform(operation)
            case DeleteAddress(address=address):
                self._addresses.pop(address, None)
                self.addresses.perform(operation)
            case Announce(address=address):
                refuse(address.interface not in self.addresses.found, "no-interface")
                self.announced.append(address)
            case SetSysctl(name=name, value=value):
                self._before.setdefault(name, self.sysctls.values.get(name, 0))
                self.sysctls.write(name, value)
            case RestoreSysctl(name=name) if name in self._before:
                self.sysctls.write(name, self._before.pop(name))
            case HoldGroup() | ReleaseGroup() | RestoreSysctl():
                self._note(operation)
            case BringUp() | TakeDown() | SetRules():
                self._prepare(operation)
            case _:
                self._perform_on_ipvs(operation)

    def _note(self, operation: AnyOperation) -> None:
        match operation:
            case HoldGroup(group=group, addresses=held):
                self._groups[group] = held
            case ReleaseGroup(group=group):
                self._groups.pop(group, None)

    def _prepare(self, operation: AnyOperation) -> None:
        match operation:
            case BringUp(interface=name):
                if not self.addresses.up.get(name):
                    self._links[name] = None
                self.links.perform(operation)
            case TakeDown(interface=name):
                self._links.pop(name, None)
                self.links.perform(operation)
            case SetRules(rules=rules):
                self._rules = bool(rules)
                self.packet_filter.replace(rules)

    def _perform_on_ipvs(self, operation: AnyOperation) -> None:
        match operation:
            case AddService(service=service) | SetService(service=service):
                self._services[service.key] = None
            case DeleteService(key=key):
                self._services.pop(key, None)
        self.ipvs.perform(operation)
