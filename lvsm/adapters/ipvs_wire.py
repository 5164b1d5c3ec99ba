"""IPVS's generic netlink messages, packed and parsed (linux/ip_vs.h).

A destination over IPv4 has a fixed layout and is packed by one `struct.Struct`; `ipvs_dump` parses
those that the kernel lists.
"""

from __future__ import annotations

import socket
import struct

from lvsm.adapters.netlink import attribute, attributes
from lvsm.core.model import Forwarding, Protocol, Tunnel
from lvsm.core.operations import (
    Destination,
    Service,
    ServiceKey,
    mark_key,
)

NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE = 1, 2, 3, 4
NEW_DEST, SET_DEST, DEL_DEST, GET_DEST = 5, 6, 7, 8
_SERVICE, _DEST = 1, 2
_NESTED = 0x8000
_PROTOCOLS: dict[Protocol | None, int] = {
    Protocol.TCP: socket.IPPROTO_TCP,
    Protocol.UDP: socket.IPPROTO_UDP,
    Protocol.SCTP: socket.IPPROTO_SCTP,
}
_PROTOCOL_OF = {number: protocol for protocol, number in _PROTOCOLS.items()}
_METHODS = {Forwarding.NAT: 0, Forwarding.TUN: 2, Forwarding.DR: 3}
# 1 is the local node: a destination that is an address of this machine, whatever was asked for.
METHOD_OF = {0: Forwarding.NAT, 1: Forwarding.DR, 2: Forwarding.TUN, 3: Forwarding.DR}
METHOD_MASK = 0x7
_TUNNELS = {Tunnel.IPIP: 0, Tunnel.GUE: 1, Tunnel.GRE: 2}
TUNNEL_OF = {number: tunnel for tunnel, number in _TUNNELS.items()}
_VERSION_OF: dict[int, int] = {socket.AF_INET: 4, socket.AF_INET6: 6}
_PERSISTENT = 0x1
_FLAGS = {
    "ops": 0x4,
    "sched-1": 0x8,
    "sched-2": 0x10,
    "sched-3": 0x20,
    "mh-fallback": 0x8,
    "mh-port": 0x10,
    "sh-fallback": 0x8,
    "sh-port": 0x10,
}
_GENERIC = struct.Struct("=BBH")
_U16 = struct.Struct("=H")
_U32 = struct.Struct("=I")
_BE16 = struct.Struct(">H")
_ALL_FLAGS = 0xFFFFFFFF
_BITS: dict[int, int] = {socket.AF_INET: 32, socket.AF_INET6: 128}

# Nest DEST over IPv4: ADDR, PORT, FWD_METHOD, WEIGHT, U_THRESH, L_THRESH, ADDR_FAMILY. Ports are
# big-endian: two single bytes each.
_DEST4 = struct.Struct("=HH HH4s HHBB2x HHI HHI HHI HHI HHH2x")


def key_of(attrs: dict[int, bytes]) -> ServiceKey | None:
    """The key in a service's attributes; None for what LVSM cannot name."""
    family = _U16.unpack(attrs[1])[0]
    if 5 in attrs:
        return mark_key(_U32.unpack(attrs[5])[0], _VERSION_OF[family])
    protocol = _PROTOCOL_OF.get(_U16.unpack(attrs[2])[0])
    if protocol is None:
        return None
    return ServiceKey(
        protocol=protocol, address=_address(family, attrs[3]), port=_BE16.unpack(attrs[4])[0]
    )


def _address(family: int, raw: bytes) -> str:
    return socket.inet_ntop(family, raw[:4] if family == socket.AF_INET else raw[:16])


def _packed(address: str) -> tuple[int, bytes]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def _key(key: ServiceKey) -> bytes:
    family, raw = _packed(key.address)
    if key.protocol is None:
        return attribute(1, _U16.pack(family)) + attribute(5, _U32.pack(key.fwmark))
    return b"".join(
        (
            attribute(1, _U16.pack(family)),
            attribute(2, _U16.pack(_PROTOCOLS[key.protocol])),
            attribute(3, raw),
            attribute(4, _BE16.pack(key.port)),
        )
    )


def service_message(command: int, service: Service) -> bytes:
    """NEW_SERVICE or SET_SERVICE; raises KeyError for an unknown flag."""
    family, _ = _packed(service.key.address)
    flags = _PERSISTENT if service.persistence else 0
    for flag in service.flags:
        flags |= _FLAGS[flag]
    content = b"".join(
        (
            _key(service.key),
            attribute(6, service.scheduler.encode() + b"\0"),
            attribute(7, _U32.pack(flags) + _U32.pack(_ALL_FLAGS)),
            attribute(8, _U32.pack(service.persistence)),
            attribute(9, _mask(family, service.netmask)),
            attribute(11, service.engine.encode() + b"\0") if service.engine else b"",
        )
    )
    return _GENERIC.pack(command, 1, 0) + attribute(_SERVICE | _NESTED, content)


def _mask(family: int, bits: int) -> bytes:
    """A netmask: of IPv4 as on the wire, of IPv6 the number of its bits."""
    bits = bits or _BITS[family]
    if family == socket.AF_INET6:
        return _U32.pack(bits)
    return ((0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF).to_bytes(4, "big")


def _mask_bits(family: int, raw: bytes) -> int:
    """The bits of a netmask, 0 for all of them; -1 for one with holes, which LVSM never writes."""
    if family == socket.AF_INET6:
        bits: int = _U32.unpack(raw)[0]
    else:
        bits = int.from_bytes(raw, "big").bit_count()
    if _mask(family, bits) != raw:
        return -1
    return 0 if bits == _BITS[family] else bits


def key_message(command: int, key: ServiceKey) -> bytes:
    """DEL_SERVICE, or the request for a service's destinations."""
    return _GENERIC.pack(command, 1, 0) + attribute(_SERVICE | _NESTED, _key(key))


def plain_message(command: int) -> bytes:
    """A request without attributes."""
    return _GENERIC.pack(command, 1, 0)


class Destinations:
    """Packs NEW_DEST and SET_DEST; what names the service is kept for the next of the same."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._last: tuple[int, ServiceKey] | None = None
        self._head = b""
        self._plain = False

    def message(self, command: int, key: ServiceKey, destination: Destination) -> bytes:
        """One message: NEW_DEST or SET_DEST."""
        if self._last != (command, key):
            self._last = command, key
            self._head = key_message(command, key)
            self._plain = ":" not in key.address
        address = destination.address
        if not self._plain or destination.tunnel is not Tunnel.IPIP or ":" in address:
            return self._head + _destination(destination)
        port = destination.port
        return self._head + _DEST4.pack(
            _DEST4.size, _DEST | _NESTED, 8, 1, socket.inet_pton(socket.AF_INET, address),
            6, 2, port >> 8, port & 255, 8, 3, _METHODS[destination.forwarding],
            8, 4, destination.weight, 8, 5, destination.upper_threshold,
            8, 6, destination.lower_threshold, 6, 11, socket.AF_INET,
        )  # fmt: skip


def _destination(destination: Destination) -> bytes:
    """The nest DEST of any destination."""
    family, raw = _packed(destination.address)
    content = b"".join(
        (
            attribute(1, raw),
            attribute(2, _BE16.pack(destination.port)),
            attribute(3, _U32.pack(_METHODS[destination.forwarding])),
            attribute(4, _U32.pack(destination.weight)),
            attribute(5, _U32.pack(destination.upper_threshold)),
            attribute(6, _U32.pack(destination.lower_threshold)),
            attribute(11, _U16.pack(family)),
            attribute(13, bytes((_TUNNELS[destination.tunnel],))),
            attribute(14, _BE16.pack(destination.tunnel_port)),
        )
    )
    return attribute(_DEST | _NESTED, content)


def delete_destination_message(key: ServiceKey, address: str, port: int) -> bytes:
    """DEL_DEST."""
    family, raw = _packed(address)
    content = b"".join(
        (
            attribute(1, raw),
            attribute(2, _BE16.pack(port)),
            attribute(11, _U16.pack(family)),
        )
    )
    return key_message(DEL_DEST, key) + attribute(_DEST | _NESTED, content)


def parse_service(body: bytes) -> Service | None:
    """A service of a dump; None for one that LVSM cannot name."""
    attrs = attributes(attributes(body, _GENERIC.size).get(_SERVICE, b""))
    key = key_of(attrs)
    if key is None:
        return None
    scheduler = attrs[6].rstrip(b"\0").decode("ascii", "replace")
    flags = _U32.unpack_from(attrs[7])[0]
    timeout = _U32.unpack(attrs[8])[0]
    return Service(
        key=key,
        scheduler=scheduler,
        persistence=timeout if flags & _PERSISTENT else 0,
        netmask=_mask_bits(_U16.unpack(attrs[1])[0], attrs[9]),
        engine=attrs[11].rstrip(b"\0").decode("ascii", "replace") if 11 in attrs else "",
        flags=_flag_names(scheduler, flags),
    )


def _flag_names(scheduler: str, flags: int) -> tuple[str, ...]:
    names = []
    for bit, own in ((0x8, "fallback"), (0x10, "port"), (0x20, "")):
        if flags & bit:
            number = {0x8: 1, 0x10: 2, 0x20: 3}[bit]
            named = own and scheduler in ("mh", "sh")
            names.append(f"{scheduler}-{own}" if named else f"sched-{number}")
    if flags & 0x4:
        names.append("ops")
    return tuple(sorted(names))
