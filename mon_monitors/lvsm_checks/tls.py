"""TLS around another probe: the handshake, what is asked of the certificate, then the probe's own.

Only checks that need it pay for `ssl` (25 ms), once a run for all realservers.
"""

from __future__ import annotations

import ssl
import time

from lvsm_checks.probe import Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target

READ_BYTES = 65_536
DAY = 86_400


class Tls(Probe):
    """A probe's bytes, wrapped; `expires` is in days, None when nobody asks."""

    def __init__(
        self, inner: Probe, context: ssl.SSLContext, host: str | None, expires: int | None
    ) -> None:
        self._inner = inner
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._expires = expires
        self._greeted = False
        self.doing = "connecting"

    def connected(self) -> bytes:
        """Begin the handshake."""
        self.doing = "in the TLS handshake"
        return self._step()

    def received(self, data: bytes) -> bytes:
        """Go on with it, or with what it carries."""
        self._in.write(data)
        return self._step()

    def ended(self) -> None:
        """The end of the connection is the end of the answer, however TLS was closed."""
        if self._greeted:
            self._inner.ended()
            self.outcome = self._inner.outcome
        if self.outcome is None:
            self.outcome = "it closed the connection in the TLS handshake"

    def _step(self) -> bytes:
        try:
            if not self._greeted:
                self._tls.do_handshake()
                self._greet()
            while self.outcome is None:
                data = self._tls.read(READ_BYTES)
                if not data:
                    self._inner.ended()
                else:
                    self._send(self._inner.received(data))
                self._adopt()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended()
        except ssl.SSLCertVerificationError as error:
            self.outcome = f"certificate: {error.verify_message}"
        except (ssl.SSLError, ValueError) as error:
            self.outcome = f"TLS: {getattr(error, 'reason', None) or error}"
        return self._out.read()

    def _greet(self) -> None:
        self._greeted = True
        if self._expires is not None:
            self.outcome = expiry_problem(self._tls.getpeercert(binary_form=True), self._expires)
        if self.outcome is None:
            self._send(self._inner.connected())
            self._adopt()

    def _send(self, data: bytes) -> None:
        if data:
            self._tls.write(data)

    def _adopt(self) -> None:
        self.outcome = self._inner.outcome
        self.doing = self._inner.doing


def expiry_problem(certificate: bytes | None, days: int) -> str | None:
    """What is wrong with a certificate (DER) that has to be good for so many days; None if not."""
    end = not_after(certificate or b"")
    if end is None:
        return "certificate: its end cannot be read"
    left = (end - time.time()) / DAY  # noqa: TID251  a certificate's end is in calendar time
    if left < 0:
        return "certificate: it has expired"
    return f"certificate: it expires in {left:.0f} days" if left < days else None


def not_after(certificate: bytes) -> float | None:
    """When a certificate ends, in seconds since 1970 (RFC 5280, 4.1); None for what is none."""
    try:
        at, _ = _inside(certificate, 0)  # Certificate
        at, _ = _inside(certificate, at)  # TBSCertificate
        if certificate[at] == 0xA0:  # the version
            at = _behind(certificate, at)
        for _ in range(3):  # serial number, signature, issuer
            at = _behind(certificate, at)
        at, _ = _inside(certificate, at)  # Validity
        at = _behind(certificate, at)  # notBefore
        start, end = _inside(certificate, at)
        text = certificate[start:end].decode("ascii")
    except (IndexError, ValueError):
        return None
    return _moment(text, short=certificate[at] == 0x17)


def _moment(text: str, *, short: bool) -> float | None:
    """A UTCTime (`short`, years 1950 to 2049) or GeneralizedTime."""
    from calendar import timegm

    digits = text.removesuffix("Z")
    if short:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    if len(digits) != 14 or not digits.isdecimal():
        return None
    parts = (int(digits[:4]), *(int(digits[i : i + 2]) for i in range(4, 14, 2)))
    return float(timegm((*parts, 0, 0, 0)))


def _inside(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the value at `at` begins and ends (X.690, 8.1.3)."""
    length = data[at + 1]
    start = at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    return start, start + length


def _behind(data: bytes, at: int) -> int:
    return _inside(data, at)[1]


def wrapping(spec: Spec, make: Callable[[Target], Probe]) -> Callable[[Target], Probe]:
    """What makes the same probes inside TLS, as a spec wants it."""
    verify = spec.one("verify", "False") == "True"
    context = ssl.create_default_context() if verify else _trusting()
    host = _name(spec.one("host", ""))
    expires = spec.values.get("expires")
    days = int(expires[-1]) if expires else None
    return lambda target: Tls(make(target), context, host, days)


def _trusting() -> ssl.SSLContext:
    """Any certificate and old versions too: whether it serves is asked, not whom it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _name(host: str) -> str | None:
    """The name of a Host header, without a port and an IPv6 address's brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] or None
