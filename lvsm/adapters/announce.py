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
_ALL_NODES = "ff02::1"
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
        _advertise(address.interface, hardware, ip.packed)


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


def _advertise(interface: str, hardware: bytes, address: bytes) -> None:
    # Type 136, code 0, a checksum that the kernel fills in, flags, target, option 2 (8 bytes).
    message = _ADVERTISEMENT.pack(136, 0, 0, _OVERRIDE, address, 2, 1, hardware)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as icmp:
        icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        icmp.bind((socket.inet_ntop(socket.AF_INET6, address), 0))
        icmp.sendto(message, (_ALL_NODES, 0, 0, socket.if_nametoindex(interface)))
