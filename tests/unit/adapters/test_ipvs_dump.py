"""What the kernel lists of realservers, in the layouts of different kernels."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.adapters.ipvs_dump import Reader, UnknownLayoutError
from lvsm.adapters.netlink import attribute
from lvsm.core.model import Forwarding, Protocol, Tunnel
from lvsm.core.operations import Destination, DestinationLoad, ServiceKey

KEY = ServiceKey(protocol=Protocol.TCP, address="10.0.0.1", port=80)
ORDER = (1, 2, 3, 4, 13, 14, 15, 5, 6, 7, 8, 9, 11, 10, 12)
"""In which Linux 6.1 lists them (ip_vs_ctl.c)."""
OLD = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
"""What a kernel without address families and tunnels has."""


def u32(number: int) -> bytes:
    return struct.pack("=I", number)


def body(
    order: tuple[int, ...] = ORDER,
    *,
    address: str = "10.0.0.21",
    port: int = 80,
    method: int = 3,
    weight: int = 1,
    active: int = 0,
    counters: tuple[int, ...] = (0, 0, 0, 0, 0),
) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    stats = b"".join(attribute(1 + n, struct.pack("=Q", v)) for n, v in enumerate(counters))
    contents = {
        1: socket.inet_pton(family, address).ljust(16, b"\0"),
        2: struct.pack(">H", port),
        3: u32(method),
        4: u32(weight),
        5: u32(20),
        6: u32(10),
        7: u32(active),
        8: u32(7),
        9: u32(0),
        10: attribute(1, u32(9)),
        11: struct.pack("=H", family),
        12: stats,
        13: b"\1",
        14: struct.pack(">H", 6080),
        15: b"\0\0",
    }
    nest = b"".join(attribute(kind, contents[kind]) for kind in order)
    return b"\5\1\0\0" + attribute(0x8002, nest)


def test_every_value_is_where_it_belongs() -> None:
    listed = body(port=8080, weight=5, active=3, counters=(1, 2, 3, 4, 2**40))
    (found,) = Reader().destinations([listed], socket.AF_INET)
    assert found == Destination(
        address="10.0.0.21",
        port=8080,
        forwarding=Forwarding.DR,
        weight=5,
        upper_threshold=20,
        lower_threshold=10,
        tunnel=Tunnel.GUE,
        tunnel_port=6080,
    )
    (load,) = Reader().loads([listed], KEY, socket.AF_INET)
    assert load == DestinationLoad(
        key=KEY,
        address="10.0.0.21",
        port=8080,
        weight=5,
        active=3,
        inactive=7,
        connections=1,
        packets_in=2,
        packets_out=3,
        bytes_in=4,
        bytes_out=2**40,
    )


def test_an_old_kernel_names_no_family_and_no_tunnel() -> None:
    (found,) = Reader().destinations([body(OLD, address="2001:db8::1")], socket.AF_INET6)
    assert (found.address, found.tunnel, found.tunnel_port) == ("2001:db8::1", Tunnel.IPIP, 0)
    (load,) = Reader().loads([body(OLD)], KEY, socket.AF_INET)
    assert (load.address, load.inactive, load.connections) == ("10.0.0.21", 7, 0)


@given(orders=st.lists(st.permutations(ORDER), min_size=1, max_size=6), data=st.data())
def test_layouts_of_one_length_are_told_apart(orders: list[list[int]], data: st.DataObject) -> None:
    reader = Reader()
    for order in orders:
        weights = data.draw(st.lists(st.integers(0, 65535), max_size=3))
        listed = [body(tuple(order), weight=weight, active=weight + 1) for weight in weights]
        assert [d.weight for d in reader.destinations(listed, socket.AF_INET)] == weights
        loads = reader.loads(listed, KEY, socket.AF_INET)
        assert [load.active for load in loads] == [weight + 1 for weight in weights]


@pytest.mark.parametrize("listed", [body((1, 2, 3)), b"\5\1\0\0", b"", body()[:40]])
def test_what_is_no_destination_is_no_other_error(listed: bytes) -> None:
    with pytest.raises(UnknownLayoutError):
        Reader().destinations([listed], socket.AF_INET)
