"""What the configurator knows of the machine that the files are for."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, ip_interface

_LOOPBACK = "lo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """One network interface; `addresses` with prefix lengths, in the kernel's order."""

    name: str
    addresses: tuple[str, ...] = ()
    carrier: bool = True
    default_route: bool = False

    def ipv4(self) -> tuple[IPv4Interface, ...]:
        """Its IPv4 addresses: what heartbeat can speak from."""
        parsed = map(ip_interface, self.addresses)
        return tuple(address for address in parsed if isinstance(address, IPv4Interface))


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """This machine, or with `elsewhere` one whose files are only prepared here."""

    node: str
    nics: tuple[Nic, ...] = ()
    elsewhere: bool = False

    def usable(self) -> tuple[Nic, ...]:
        """The interfaces that can carry heartbeat."""
        return tuple(nic for nic in self.nics if nic.name != _LOOPBACK and nic.ipv4())

    def likely(self) -> Nic | None:
        """The interface that looks most like the cluster's network; None when none is usable.

        That is one with a link, private addresses, and no default route, in this order of weight.
        """
        return max(self.usable(), key=_likelihood, default=None)


def _likelihood(nic: Nic) -> tuple[bool, bool, bool]:
    private = all(address.ip.is_private for address in nic.ipv4())
    return nic.carrier, private, not nic.default_route
