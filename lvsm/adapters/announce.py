"""Telling neighbours where an address lives now: gratuitous ARP and unsolicited advertisements.

Source: RFC 826 and RFC 5227 (ARP), RFC 4861 7.2.6 (neighbour discovery). Of ARP both forms are
sent, since some neighbours heed only requests and some only replies. Interfaces that are no
Ethernet (lo, tunnels) have no neighbours who could hear, and nothing is sent there (netdevice(7)).
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from collections.abc import Sequence
from ipaddress import ip_interface

from lvsm.core.operations import Failure, InterfaceAddress

_ETH_ARP = 0x0806
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_BROADCAST = b"\xff" * 6
_NOBODY = b"\0" * 6
_ETH_IPV6 = 0x86DD
_ICMPV6 = 58
_ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
_ALL_NODES_ETHERNET = b"\x33\x33\0\0\0\x01"
_IPV6 = struct.Struct("!IHBB16s16s")
_PSEUDO = struct.Struct("!16s16sI3xB")
_ADVERTISEMENT = struct.Struct("!BBHI16sBB6s")
_OVERRIDE = 0x20000000
_SIOCGIFHWADDR = 0x8927
_IFREQ = struct.Struct("=16sH22s")
_ARPHRD_ETHER = 1
_HARDWARE_BYTES = 6


def announce(addresses: Sequence[InterfaceAddress]) -> tuple[Failure, ...]:
    """Send one announcement for each address; what could not be sent.

    Failures have code `no-interface` or `os-error`. Needs CAP_NET_RAW.
    """
    failures = []
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packet:
        for index, address in enumerate(addresses):
            try:
                _announce(packet, address)
            except OSError as error:
                code = "no-interface" if error.errno == errno.ENODEV else "os-error"
                failures.append(Failure(index=index, code=code, reason=str(error)))
    return tuple(failures)


def _announce(packet: socket.socket, address: InterfaceAddress) -> None:
    hardware = _hardware(packet, address.interface)
    if hardware is None:
        return
    ip = ip_interface(address.address).ip
    if ip.version == 4:
        _arp(packet, address.interface, hardware, ip.packed)
    else:
        frame = advertisement_frame(hardware, ip.packed)
        packet.sendto(frame, (address.interface, _ETH_IPV6))


def arp_frames(hardware: bytes, address: bytes) -> tuple[bytes, bytes]:
    """The gratuitous request and reply for an IPv4 address, as Ethernet frames."""
    ethernet = _BROADCAST + hardware + _ETH_ARP.to_bytes(2, "big")
    request = _ARP.pack(1, 0x0800, 6, 4, 1, hardware, address, _NOBODY, address)
    reply = _ARP.pack(1, 0x0800, 6, 4, 2, hardware, address, _BROADCAST, address)
    return ethernet + request, ethernet + reply


def _hardware(any_socket: socket.socket, interface: str) -> bytes | None:
    """The interface's Ethernet address, None when it is no Ethernet; raises OSError."""
    request = _IFREQ.pack(interface.encode(), 0, b"")
    answer = fcntl.ioctl(any_socket, _SIOCGIFHWADDR, request)
    _, kind, raw = _IFREQ.unpack(answer)
    return raw[:_HARDWARE_BYTES] if kind == _ARPHRD_ETHER else None


def _arp(packet: socket.socket, interface: str, hardware: bytes, address: bytes) -> None:
    for frame in arp_frames(hardware, address):
        packet.sendto(frame, (interface, _ETH_ARP))


def advertisement_frame(hardware: bytes, address: bytes) -> bytes:
    """The unsolicited advertisement of an IPv6 address to all nodes, as an Ethernet frame.

    Made here rather than by an ICMPv6 socket, which could not be bound to an address of which the
    kernel still asks whether somebody else has it (RFC 4862), and would need IP's address families.
    """
    # Type 136, code 0, checksum, flags, target; option 2 (the hardware's address), 8 bytes.
    fields = (_OVERRIDE, address, 2, 1, hardware)
    bare = _ADVERTISEMENT.pack(136, 0, 0, *fields)
    pseudo = _PSEUDO.pack(address, _ALL_NODES, len(bare), _ICMPV6)
    message = _ADVERTISEMENT.pack(136, 0, _checksum(pseudo + bare), *fields)
    ip = _IPV6.pack(6 << 28, len(message), _ICMPV6, 255, address, _ALL_NODES)
    return _ALL_NODES_ETHERNET + hardware + _ETH_IPV6.to_bytes(2, "big") + ip + message


def _checksum(data: bytes) -> int:
    """The internet's checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
