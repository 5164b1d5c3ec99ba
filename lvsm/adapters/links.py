"""The tunnels' devices, and which way packets leave this machine, by rtnetlink.

Source: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h. The devices are made by their modules,
with no peer: they unpack what comes for this machine, whoever sent it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from ipaddress import ip_address

from lvsm.adapters.netlink import Message, Netlink, NetlinkError, attribute, attributes
from lvsm.adapters.route_events import RouteEvents
from lvsm.core.operations import AnyOperation, BringUp, Failure, TakeDown

_NETLINK_ROUTE = 0
_NEW_LINK, _GET_ROUTE = 16, 26
_IFINFO = struct.Struct("=BxHiII")
_RTMSG = struct.Struct("=BBBBBBBBI")
_IFF_UP = 1
_RTA_DST, _RTA_SRC, _RTA_GATEWAY, _RTA_VIA = 1, 2, 5, 18
_ANY_INSIDE = "ip6tnl0"
_ANYTHING, _IPV6_ALONE = 0, socket.IPPROTO_IPV6
_CHANGE_TUNNEL = 0x89F0 + 3
_IFREQ = struct.Struct("@16sP16x")
_PARAMETERS = struct.Struct("@16siBBBxII32sHHII")
"""struct ip6_tnl_parm2: name, link, protocol, limits, flow, flags, both ends, GRE's."""
_MODULES = {"tunl0": "ipip", "ip6tnl0": "ip6_tunnel", "sit0": "sit"}
_OUTSIDE = {4: ip_address("240.0.0.1"), 6: ip_address("3fff::1")}
"""Addresses that no route but a default one leads to (RFC 1112, RFC 9637)."""


class Links:
    """Devices of this network namespace; changing them needs CAP_NET_ADMIN."""

    def __init__(self) -> None:
        """Open the socket; raises OSError."""
        self._netlink = Netlink(_NETLINK_ROUTE)
        self._events = RouteEvents()
        self._ways: dict[str, str] = {}

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Set devices up (made first where they are missing) and down, in order.

        Codes: no-interface, kernel.
        """
        self._ways.clear()
        failures = []
        for place, operation in enumerate(operations):
            failure = self._perform(operation)
            if failure is not None:
                failures.append(Failure(index=place, code=failure[0], reason=failure[1]))
        return tuple(failures)

    def _perform(self, operation: AnyOperation) -> tuple[str, str] | None:
        if not isinstance(operation, BringUp | TakeDown):
            raise TypeError(f"{operation!r} is no operation on links")
        name = operation.interface
        up = isinstance(operation, BringUp)
        if up and name not in _names():
            _load(_MODULES[name])
        if name not in _names():
            return ("missing", "it is gone") if not up else ("no-interface", _why_missing(name))
        index = socket.if_nametoindex(name)
        body = _IFINFO.pack(socket.AF_UNSPEC, 0, index, _IFF_UP if up else 0, _IFF_UP)
        message: Message = _NEW_LINK, 0, body
        if name == _ANY_INSIDE:
            _unpack(name, _ANYTHING if up else _IPV6_ALONE)
        number = self._netlink.batch([message]).get(0)
        return ("kernel", os.strerror(number)) if number else None

    def ways_out(self, sources: Collection[str]) -> dict[str, str]:
        """By which gateway packets from each of `sources` to the outside would leave.

        The empty text where there is no way, or one without a gateway. Rules of policy routing are
        followed, as they would be for an answer. The kernel is asked again only after it has told
        of a change. Raises OSError.
        """
        if self._events.heard():
            self._ways.clear()
        for source in sources:
            if source not in self._ways:
                self._ways[source] = self._way_out(source)
        return {source: self._ways[source] for source in sources}

    def _way_out(self, source: str) -> str:
        mine = ip_address(source)
        family = socket.AF_INET if mine.version == 4 else socket.AF_INET6
        body = b"".join(
            (
                _RTMSG.pack(family, mine.max_prefixlen, mine.max_prefixlen, 0, 0, 0, 0, 0, 0),
                attribute(_RTA_DST, _OUTSIDE[mine.version].packed),
                attribute(_RTA_SRC, mine.packed),
            )
        )
        try:
            found = attributes(self._netlink.ask(_GET_ROUTE, body), _RTMSG.size)
        except NetlinkError:
            return ""  # unreachable, or the address is not here
        if _RTA_VIA in found:  # a gateway of the other family
            kind = int.from_bytes(found[_RTA_VIA][:2], sys.byteorder)
            return socket.inet_ntop(kind, found[_RTA_VIA][2:])
        return socket.inet_ntop(family, found[_RTA_GATEWAY]) if _RTA_GATEWAY in found else ""


def _unpack(name: str, protocol: int) -> None:
    """What a device of ip6_tunnel unpacks: as its module makes it, IPv6 alone (ip6_tunnel.h).

    Only this old way changes it for the device without a peer. A kernel that refuses is borne:
    then the device goes on unpacking IPv6 alone.
    """
    wanted = _PARAMETERS.pack(name.encode(), 0, protocol, 0, 0, 0, 0, bytes(32), 0, 0, 0, 0)
    buffer = ctypes.create_string_buffer(wanted, len(wanted))
    request = _IFREQ.pack(name.encode(), ctypes.addressof(buffer))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket, suppress(OSError):
        fcntl.ioctl(any_socket, _CHANGE_TUNNEL, request)


def _names() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def _why_missing(name: str) -> str:
    return f"there is no device {name}: this kernel has no module {_MODULES[name]}"


def _load(module: str) -> None:
    modprobe = shutil.which("modprobe", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if modprobe is not None:
        subprocess.run([modprobe, "-q", module], stdin=subprocess.DEVNULL, check=False, timeout=30)
