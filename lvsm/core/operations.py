"""What can be done to one node's kernel, and what can be seen of it: the closed vocabulary.

Law: the worker decides with these types, the privileged half performs them, and nothing else
crosses the socketpair between the two. Each type is strict: a field too many, too few or of another
type is refused before anybody looks at it (msgspec checks that at the border; `privileged.policy`
checks what types cannot say). Every operation may be repeated: the second time it succeeds, or it
fails as "exists" or "missing", which the performer counts as done. Addresses travel as canonical
text: equal texts are equal addresses, and ten thousand realservers need no objects for theirs.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from lvsm.core.filter_rules import AnyRule, RuleSet
from lvsm.core.model import Forwarding, Protocol, Tunnel

AddressText: TypeAlias = str
"""An IPv4 or IPv6 address in canonical text, as `str(ip_address(...))` and inet_ntop give it."""

InterfaceText: TypeAlias = str
"""A canonical address with its prefix length: `192.0.2.10/24`, `2001:db8::1/128`."""


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Root of the plain values below: none refers to itself, so the collector need not look."""


class ServiceKey(Value, frozen=True, kw_only=True, order=False, omit_defaults=True):
    """What names a virtual service in the kernel (ip_vs.h).

    That is protocol, address and port (0 for all ports), or the family and a firewall mark. A mark
    has no address: the unspecified one of its family, MARK_ADDRESSES, stands in its place.
    """

    address: AddressText
    protocol: Protocol | None = None
    port: int = 0
    fwmark: int = 0

    @property
    def order(self) -> tuple[int, str, str, int]:
        """What services are sorted by: marks come last."""
        return self.fwmark, self.protocol or "", self.address, self.port

    @property
    def version(self) -> int:
        """The version of IP: 4 or 6."""
        return 6 if ":" in self.address else 4


MARK_ADDRESSES = {4: "0.0.0.0", 6: "::"}


def mark_key(fwmark: int, version: int) -> ServiceKey:
    """The key of a service by firewall mark over IP of that version (4 or 6)."""
    return ServiceKey(address=MARK_ADDRESSES[version], fwmark=fwmark)


class Service(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A virtual service as the kernel knows it.

    `persistence` is in seconds, 0 for none; `netmask` is the number of bits of a client's address
    that persistence looks at, 0 for all; `engine` is what it goes by instead of the address.
    """

    key: ServiceKey
    scheduler: str
    persistence: int = 0
    netmask: int = 0
    engine: str = ""
    flags: tuple[str, ...] = ()


class Destination(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One realserver of a virtual service; thresholds are connections, 0 for no limit.

    `port` 0 is the port of the client's packet. `tunnel` and `tunnel_port` (for gue) matter to
    forwarding by tun.
    """

    address: AddressText
    port: int
    forwarding: Forwarding
    weight: int
    upper_threshold: int = 0
    lower_threshold: int = 0
    tunnel: Tunnel = Tunnel.IPIP
    tunnel_port: int = 0


class InterfaceAddress(Value, frozen=True, kw_only=True):
    """An address with its prefix on an interface, as `ip addr` shows it."""

    interface: str
    address: InterfaceText


TunnelText: TypeAlias = Literal["tunl0", "ip6tnl0", "sit0"]
"""The kernel's devices that unpack what a tunnel brings: IPv4 in IPv4; anything in IPv6; IPv6 in
IPv4 (ip-link(8))."""


class Operation(Value, frozen=True, kw_only=True, tag_field="op"):
    """Root of everything that the privileged half can be asked to perform."""


class AddService(Operation, frozen=True, kw_only=True, tag="add_service"):
    """Create a virtual service (ipvsadm -A)."""

    service: Service


class SetService(Operation, frozen=True, kw_only=True, tag="set_service"):
    """Change a virtual service's scheduler, flags or persistence in place (ipvsadm -E)."""

    service: Service


class DeleteService(Operation, frozen=True, kw_only=True, tag="delete_service"):
    """Remove a virtual service with its destinations (ipvsadm -D)."""

    key: ServiceKey


class AddDestination(Operation, frozen=True, kw_only=True, tag="add_destination"):
    """Add a realserver to a virtual service (ipvsadm -a)."""

    key: ServiceKey
    destination: Destination


class SetDestination(Operation, frozen=True, kw_only=True, tag="set_destination"):
    """Change a realserver's weight, method or thresholds in place (ipvsadm -e)."""

    key: ServiceKey
    destination: Destination


class DeleteDestination(Operation, frozen=True, kw_only=True, tag="delete_destination"):
    """Remove a realserver from a virtual service (ipvsadm -d): its connections end."""

    key: ServiceKey
    address: AddressText
    port: int


class AddAddress(Operation, frozen=True, kw_only=True, tag="add_address"):
    """Put an address on an interface (ip addr add)."""

    address: InterfaceAddress


class DeleteAddress(Operation, frozen=True, kw_only=True, tag="delete_address"):
    """Take an address of ours off an interface (ip addr del)."""

    address: InterfaceAddress


class SetSysctl(Operation, frozen=True, kw_only=True, tag="set_sysctl"):
    """Write a kernel parameter; the value found before is remembered.

    `name` is dotted as sysctl(8) has it; the privileged half knows a closed set of names.
    """

    name: str
    value: int


class RestoreSysctl(Operation, frozen=True, kw_only=True, tag="restore_sysctl"):
    """Write back the value remembered by `SetSysctl` and forget it."""

    name: str


class BringUp(Operation, frozen=True, kw_only=True, tag="bring_up"):
    """Have a tunnel's device and set it up (modprobe, ip link set up)."""

    interface: TunnelText


class TakeDown(Operation, frozen=True, kw_only=True, tag="take_down"):
    """Set a device down that `BringUp` found down, and forget it."""

    interface: TunnelText


class SetRules(Operation, frozen=True, kw_only=True, tag="set_rules"):
    """Make these the packet filter's rules of LVSM, all at once; none: leave nothing of ours."""

    rules: tuple[AnyRule, ...] = ()


class Announce(Operation, frozen=True, kw_only=True, tag="announce"):
    """Tell the neighbours where an address lives now: gratuitous ARP, or unsolicited ND."""

    address: InterfaceAddress


class HoldGroup(Operation, frozen=True, kw_only=True, tag="hold_group"):
    """Record in /run/lvsm/groups that this node holds a group with these addresses."""

    group: str
    addresses: tuple[InterfaceAddress, ...]


class ReleaseGroup(Operation, frozen=True, kw_only=True, tag="release_group"):
    """Forget that this node holds a group."""

    group: str


AnyOperation = (
    AddService
    | SetService
    | DeleteService
    | AddDestination
    | SetDestination
    | DeleteDestination
    | AddAddress
    | DeleteAddress
    | SetSysctl
    | RestoreSysctl
    | BringUp
    | TakeDown
    | SetRules
    | Announce
    | HoldGroup
    | ReleaseGroup
)


class ServiceState(Value, frozen=True, kw_only=True):
    """A virtual service with its destinations, wanted or seen."""

    service: Service
    destinations: tuple[Destination, ...] = ()


class DestinationLoad(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One realserver's connections now, and its counters since it is in a kernel's table.

    As `ipvsadm -Ln` and `ipvsadm -Ln --stats` have them.
    """

    key: ServiceKey
    address: AddressText
    port: int
    weight: int
    active: int
    inactive: int
    connections: int = 0
    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class Interface(Value, frozen=True, kw_only=True):
    """A network interface of this node: its name, whether it has carrier, its addresses.

    `up` is what `ip link set` says of it, whatever the cable does.
    """

    name: str
    carrier: bool
    up: bool = True
    addresses: tuple[InterfaceText, ...] = ()


class Owned(Value, frozen=True, kw_only=True):
    """What LVSM put into this kernel, by the record that it keeps: all that it may take away.

    `sysctls` maps the names that were changed to the values found before; `groups` maps the groups
    that this node holds to their addresses; `links` are devices that were down before; `rules` says
    that there may be rules of ours.
    """

    services: tuple[ServiceKey, ...] = ()
    addresses: tuple[InterfaceAddress, ...] = ()
    sysctls: dict[str, int] = msgspec.field(default_factory=dict)
    groups: dict[str, tuple[InterfaceAddress, ...]] = msgspec.field(default_factory=dict)
    links: tuple[TunnelText, ...] = ()
    rules: bool = False


class KernelState(Value, frozen=True, kw_only=True):
    """What one node's kernel has now; `ipvs` is False where the kernel has no IPVS.

    `ways_out` maps each address that was asked about to the gateway by which its packets to
    the outside would leave, the empty text for none.
    """

    ipvs: bool
    services: tuple[ServiceState, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    sysctls: dict[str, int] = msgspec.field(default_factory=dict)
    owned: Owned = msgspec.field(default_factory=Owned)
    rules: RuleSet = msgspec.field(default_factory=RuleSet)
    ways_out: dict[AddressText, AddressText] = msgspec.field(default_factory=dict)

    def own_interfaces(self) -> tuple[Interface, ...]:
        """The interfaces without the addresses that LVSM put there.

        Where a virtual address belongs is decided by these: were its own network counted, once it
        is there, it would be placed otherwise than before.
        """
        ours = {(entry.interface, entry.address) for entry in self.owned.addresses}
        return tuple(
            Interface(
                name=entry.name,
                carrier=entry.carrier,
                up=entry.up,
                addresses=tuple(a for a in entry.addresses if (entry.name, a) not in ours),
            )
            for entry in self.interfaces
        )


class Failure(Value, frozen=True, kw_only=True):
    """One operation of a batch that the kernel refused: its index, a stable code, the reason."""

    index: int
    code: str
    reason: str
