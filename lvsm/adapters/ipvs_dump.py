"""IPVS's destinations as the kernel lists them, read by a layout that is learned (linux/ip_vs.h).

Law: a kernel lists all destinations in one layout, and kernels differ. Where each attribute stands
is found once for each length of message; from then on a message is unpacked by one `struct.Struct`,
which holds the attributes' headers too. A message whose headers are others is looked at anew.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from lvsm.adapters.ipvs_wire import METHOD_MASK, METHOD_OF, TUNNEL_OF
from lvsm.adapters.netlink import places
from lvsm.core.errors import LvsmError
from lvsm.core.model import Forwarding, Tunnel
from lvsm.core.operations import Destination, DestinationLoad, ServiceKey

_GENERIC_BYTES = 4
_HEADER_BYTES = 4
_DEST = 2
_STATS64 = 12
_ATTRIBUTES: tuple[tuple[int, str], ...] = (
    (1, "16s"),  # address
    (2, "H"),  # port, in the network's order
    (3, "I"),  # forwarding method
    (4, "I"),  # weight
    (5, "I"),  # upper threshold
    (6, "I"),  # lower threshold
    (7, "I"),  # active connections
    (8, "I"),  # inactive connections
    (11, "H"),  # address family
    (13, "B"),  # tunnel
    (14, "H"),  # the tunnel's port, in the network's order
)
_COUNTERS = 5
"""Of STATS64: connections, packets and bytes in and out; u64, numbered from 1 on."""
_NEEDED = 8
_MISSING = (0,) * (len(_ATTRIBUTES) + _COUNTERS)
"""What stands for those that an old kernel does not have; the first eight must be there."""

Row = tuple[Any, ...]
"""The values of _ATTRIBUTES, then the counters."""


class UnknownLayoutError(LvsmError):
    """The kernel lists its destinations in a way that this version does not know."""

    code = "kernel"


class _Layout(NamedTuple):
    """`headers` are every other field of `fields`, beginning with the first; `pick` orders rows."""

    fields: struct.Struct
    headers: tuple[int, ...]
    pick: itemgetter[Any]


class Reader:
    """Reads what one kernel lists, and keeps what it has learned."""

    def __init__(self) -> None:
        """Nothing is learned yet."""
        self._layouts: dict[int, _Layout] = {}

    def _rows(self, bodies: Iterable[bytes]) -> Iterator[Row]:
        for body in bodies:
            layout = self._layouts.get(len(body))
            found = layout.fields.unpack_from(body) if layout is not None else ()
            if layout is None or found[::2] != layout.headers:
                layout = self._layouts[len(body)] = _learn(body)
                found = layout.fields.unpack_from(body)
            yield layout.pick(found + _MISSING)

    def destinations(self, bodies: Iterable[bytes], family: int) -> list[Destination]:
        """A service's destinations; raises UnknownLayoutError.

        `family` is the service's, for kernels that do not name the destinations' own.
        """
        return [
            Destination(
                address=_address(row[8] or family, row[0]),
                port=socket.ntohs(row[1]),
                forwarding=METHOD_OF.get(row[2] & METHOD_MASK, Forwarding.NAT),
                weight=row[3],
                upper_threshold=row[4],
                lower_threshold=row[5],
                tunnel=TUNNEL_OF.get(row[9], Tunnel.IPIP),
                tunnel_port=socket.ntohs(row[10]),
            )
            for row in self._rows(bodies)
        ]

    def loads(self, bodies: Iterable[bytes], key: ServiceKey, family: int) -> list[DestinationLoad]:
        """The connections and counters of a service's destinations, as `destinations` has them."""
        return [
            DestinationLoad(
                key=key,
                address=_address(row[8] or family, row[0]),
                port=socket.ntohs(row[1]),
                weight=row[3],
                active=row[6],
                inactive=row[7],
                connections=row[11],
                packets_in=row[12],
                packets_out=row[13],
                bytes_in=row[14],
                bytes_out=row[15],
            )
            for row in self._rows(bodies)
        ]


def _learn(body: bytes) -> _Layout:
    spots = _spots(body)
    order = sorted((place, index) for index, (place, _) in spots.items())
    parts, end, at = ["="], 0, {}
    for number, (place, index) in enumerate(order):
        form = spots[index][1]
        parts.append(f"{place - _HEADER_BYTES - end}xI{form}")
        end = place + struct.calcsize("=" + form)
        at[index] = 2 * number + 1
    fields = struct.Struct("".join(parts))
    missing = {index: 2 * len(order) + index for index in range(len(_MISSING))}
    pick = itemgetter(*({**missing, **at}[index] for index in range(len(_MISSING))))
    return _Layout(fields, fields.unpack_from(body)[::2], pick)


def _spots(body: bytes) -> dict[int, tuple[int, str]]:
    """Where each value of a row stands in `body`, and its format."""
    start, length = places(body, _GENERIC_BYTES, len(body)).get(_DEST, (0, 0))
    inside = places(body, start, start + length)
    wanted = enumerate(_ATTRIBUTES)
    found = {index: (inside[kind], form) for index, (kind, form) in wanted if kind in inside}
    place, length = inside.get(_STATS64, (0, 0))
    counters = places(body, place, place + length)
    for number in range(_COUNTERS):
        if number + 1 in counters:
            found[len(_ATTRIBUTES) + number] = (counters[number + 1], "Q")
    fits = all(length >= struct.calcsize("=" + form) for (_, length), form in found.values())
    if not fits or not set(range(_NEEDED)) <= set(found):
        raise UnknownLayoutError("the kernel lists realservers in a way that LVSM does not know")
    return {index: (place, form) for index, ((place, _), form) in found.items()}


def _address(family: int, raw: bytes) -> str:
    return socket.inet_ntop(family, raw[:4] if family == socket.AF_INET else raw)
