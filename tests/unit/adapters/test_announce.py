"""The frames that tell neighbours where an address lives, byte by byte."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from lvsm.adapters.announce import advertisement_frame, arp_frames

HARDWARE = st.binary(min_size=6, max_size=6)


def ones_complement_sum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    return (total - 1) % 0xFFFF + 1 if total else 0


@given(HARDWARE, st.ip_addresses(v=6))
def test_an_advertisement_is_what_rfc_4861_says(hardware: bytes, address: IPv6Address) -> None:
    frame = advertisement_frame(hardware, address.packed)
    ethernet, ip, message = frame[:14], frame[14:54], frame[54:]
    assert ethernet == bytes.fromhex("333300000001") + hardware + b"\x86\xdd"
    assert ip[:8] == b"\x60\0\0\0" + len(message).to_bytes(2, "big") + bytes((58, 255))
    assert (ip[8:24], ip[24:]) == (address.packed, IPv6Address("ff02::1").packed)
    assert message[0:2] == bytes((136, 0))
    assert message[4:8] == b"\x20\0\0\0"  # override, neither router nor solicited
    assert message[8:24] == address.packed
    assert message[24:] == bytes((2, 1)) + hardware


@given(HARDWARE, st.ip_addresses(v=6))
def test_its_checksum_holds(hardware: bytes, address: IPv6Address) -> None:
    frame = advertisement_frame(hardware, address.packed)
    message = frame[54:]
    pseudo = frame[22:54] + len(message).to_bytes(4, "big") + b"\0\0\0\x3a"
    assert ones_complement_sum(pseudo + message) == 0xFFFF


def test_arp_tells_by_request_and_reply() -> None:
    request, reply = arp_frames(b"\x02\0\0\0\0\x01", bytes((192, 0, 2, 10)))
    assert request[:14] == reply[:14] == b"\xff" * 6 + b"\x02\0\0\0\0\x01\x08\x06"
    assert (request[20:22], reply[20:22]) == (b"\0\x01", b"\0\x02")
    assert request[28:32] == request[38:42] == bytes((192, 0, 2, 10))
