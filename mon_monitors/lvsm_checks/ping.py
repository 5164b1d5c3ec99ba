"""The check `ping`: an ICMP echo (RFC 792, RFC 4443) by the kernel's own ping sockets.

They need no privilege, only a group that net.ipv4.ping_group_range has (icmp(7)), as systemd sets
it for all. Where it has not, the outcome is unknown, never down.
"""

from __future__ import annotations

from _socket import IPPROTO_ICMP, IPPROTO_ICMPV6, SOCK_DGRAM
from posix import urandom

from lvsm_checks.probe import UP, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target

ECHO, ECHO_6 = 8, 128
REPLIES = (0, 129)
PAYLOAD_BYTES = 32


class Ping(Probe):
    """One echo; the kernel sees to its id and checksum, and to whose reply is whose."""

    kind = (SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_ICMPV6)

    def __init__(self, *, six: bool) -> None:
        self._type = ECHO_6 if six else ECHO
        self._payload = urandom(PAYLOAD_BYTES)

    def connected(self) -> bytes:
        """Send it."""
        self.doing = "waiting for its echo"
        return bytes([self._type, 0, 0, 0, 0, 0, 0, 1]) + self._payload

    def received(self, data: bytes) -> bytes:
        """Good if it is ours that comes back."""
        if data[0] in REPLIES and data[8:] == self._payload:
            self.outcome = UP
        return b""


def prepare(_spec: Spec) -> Callable[[Target], Probe]:
    """Nothing is to be prepared."""
    return lambda target: Ping(six=":" in target.address)
