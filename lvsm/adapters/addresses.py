"""The addresses of this machine's interfaces by rtnetlink, changed by ordered batches.

Source: rtnetlink(7), linux/if_addr.h, linux/if_link.h. An IPv6 address is added without duplicate
address detection: it must serve at once, and who may have it is decided elsewhere. It is never
preferred, so that nothing this machine sends has it as its source unless asked to (RFC 6724): a
director that sent its tunnels' packets from the virtual address would be refused by realservers,
whose own it is too.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Sequence
from ipaddress import ip_interface

from lvsm.adapters.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Message,
    Netlink,
    attribute,
    attributes,
)
from lvsm.adapters.route_events import RouteEvents
from lvsm.core.operations import AddAddress, AnyOperation, DeleteAddress, Failure, Interface

_NETLINK_ROUTE = 0
_GET_LINK = 18
_NEW_ADDRESS, _DELETE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_IFINFO = struct.Struct("=BxHiII")
_IFADDR = struct.Struct("=BBBBI")
_IFLA_IFNAME, _IFLA_CARRIER = 3, 33
_IFA_ADDRESS, _IFA_LOCAL, _IFA_CACHEINFO = 1, 2, 6
_LIFETIMES = struct.Struct("=IIII")
_FOR_EVER = 0xFFFFFFFF
_IFA_F_NODAD = 0x02
_IFF_UP = 1
_CODES = {
    errno.EEXIST: "exists",
    errno.EADDRNOTAVAIL: "missing",
    errno.ENODEV: "no-interface",
    errno.EINVAL: "invalid",
    errno.EPERM: "not-permitted",
}


class Addresses:
    """The addresses of this network namespace; changing them needs CAP_NET_ADMIN."""

    def __init__(self) -> None:
        """Open the socket; raises OSError."""
        self._netlink = Netlink(_NETLINK_ROUTE)
        self._events = RouteEvents()
        self._seen: tuple[Interface, ...] | None = None

    def read_interfaces(self) -> tuple[Interface, ...]:
        """All interfaces in the kernel's order; raises NetlinkError, OSError.

        They are listed again only after the kernel has told of a change.
        """
        if self._events.heard() or self._seen is None:  # asked first: what comes later is heard
            self._seen = self._list()
        return self._seen

    def _list(self) -> tuple[Interface, ...]:
        links: dict[int, tuple[str, bool, bool]] = {}
        for body in self._netlink.dump(_GET_LINK, _IFINFO.pack(0, 0, 0, 0, 0)):
            _, _, index, flags, _ = _IFINFO.unpack_from(body)
            attrs = attributes(body, _IFINFO.size)
            name = attrs[_IFLA_IFNAME].rstrip(b"\0").decode("utf-8", "replace")
            carrier = attrs.get(_IFLA_CARRIER, b"\0") != b"\0"
            links[index] = name, carrier, bool(flags & _IFF_UP)
        found: dict[int, list[str]] = {index: [] for index in links}
        for body in self._netlink.dump(_GET_ADDRESS, _IFADDR.pack(0, 0, 0, 0, 0)):
            family, prefix, _, _, index = _IFADDR.unpack_from(body)
            attrs = attributes(body, _IFADDR.size)
            raw = attrs.get(_IFA_LOCAL) or attrs.get(_IFA_ADDRESS)
            if raw and index in found:
                found[index].append(f"{socket.inet_ntop(family, raw)}/{prefix}")
        return tuple(
            Interface(name=name, carrier=carrier, up=up, addresses=tuple(found[index]))
            for index, (name, carrier, up) in links.items()
        )

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Add and delete addresses, in order; what was refused.

        Codes: exists, missing, no-interface, invalid, not-permitted, kernel. Raises DesyncError.
        """
        self._seen = None  # the kernel tells of a new IPv6 address only some time later
        indexes = {name: index for index, name in socket.if_nameindex()}
        messages: list[Message] = []
        places: list[int] = []
        failures: list[Failure] = []
        for place, operation in enumerate(operations):
            message = _message(operation, indexes)
            if message is None:
                failures.append(Failure(index=place, code="no-interface", reason="no interface"))
            else:
                messages.append(message)
                places.append(place)
        for index, number in sorted(self._netlink.batch(messages).items()):
            code = _CODES.get(number, "kernel")
            failures.append(Failure(index=places[index], code=code, reason=os.strerror(number)))
        return tuple(sorted(failures, key=lambda failure: failure.index))


def _message(operation: AnyOperation, indexes: dict[str, int]) -> Message | None:
    if not isinstance(operation, AddAddress | DeleteAddress):
        raise TypeError(f"{operation!r} is no operation on addresses")
    index = indexes.get(operation.address.interface)
    if index is None:
        return None
    address = ip_interface(operation.address.address)
    family, flags = (socket.AF_INET, 0) if address.version == 4 else (socket.AF_INET6, _IFA_F_NODAD)
    raw = address.ip.packed
    body = b"".join(
        (
            _IFADDR.pack(family, address.network.prefixlen, flags, 0, index),
            attribute(_IFA_LOCAL, raw),
            attribute(_IFA_ADDRESS, raw),
        )
    )
    if isinstance(operation, AddAddress):
        if address.version == 6:
            body += attribute(_IFA_CACHEINFO, _LIFETIMES.pack(0, _FOR_EVER, 0, 0))
        return _NEW_ADDRESS, NLM_F_CREATE | NLM_F_EXCL, body
    return _DELETE_ADDRESS, 0, body
