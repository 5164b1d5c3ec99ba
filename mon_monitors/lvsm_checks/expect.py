"""The checks `expect` and `udp`: something is sent, and the answer has to match."""

from __future__ import annotations

from _socket import SOCK_DGRAM

from lvsm_checks.probe import UP, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target

    Matches = Callable[[bytes], object]


class Expect(Probe):
    """Gathers what comes until it matches, or until there is too much of it."""

    def __init__(self, send: bytes, matches: Matches | None, limit: int) -> None:
        self._send = send
        self._matches = matches
        self._limit = limit
        self._seen = b""

    def connected(self) -> bytes:
        """Say it."""
        self.doing = "waiting for an answer"
        return self._send

    def received(self, data: bytes) -> bytes:
        """Look at all of the answer so far."""
        self._seen += data[: self._limit - len(self._seen)]
        if self._matches is None or self._matches(self._seen):
            self.outcome = UP
        elif len(self._seen) >= self._limit:
            self.outcome = f"the first {self._limit} bytes of the answer do not match"
        return b""

    def ended(self) -> None:
        """No more comes."""
        if self.outcome is None and self._seen:
            self.outcome = "the answer does not match"
        super().ended()


class Datagram(Expect):
    """The same over UDP, where an answer is one datagram."""

    kind = (SOCK_DGRAM, 0, 0)

    def received(self, data: bytes) -> bytes:
        """The answer."""
        super().received(data)
        if self.outcome is None:
            self.outcome = "the answer does not match"
        return b""


def prepare(spec: Spec) -> Callable[[Target], Probe]:
    """Compile the pattern once; with TLS around it where the spec wants it."""
    hexadecimal = spec.one("send_hex", "")
    send = bytes.fromhex(hexadecimal) if hexadecimal else spec.one("send", "").encode()
    matches = None
    pattern = spec.values.get("receive")
    if pattern:
        import re

        matches = re.compile(pattern[-1].encode()).search
    limit = int(spec.one("limit"))
    if spec.type == "udp":
        return lambda _target: Datagram(send, matches, limit)
    if spec.one("tls", "False") != "True":
        return lambda _target: Expect(send, matches, limit)
    from lvsm_checks.tls import wrapping

    return wrapping(spec, lambda _target: Expect(send, matches, limit))
