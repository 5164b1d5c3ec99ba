"""What a certificate says of itself, and when a node makes itself a new one: pure.

Law: nobody signs these certificates and no client checks who did. A login is bound to the one that
the client saw (`end_point_hash`), an administrator compares its `fingerprint`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from lvsm.core.errors import LvsmError
from lvsm.core.moments import DAY, iso

RENEW_DAYS = 30
"""With fewer days left than this, a node renews its certificate without being asked."""

_HASHES = {
    bytes.fromhex("2a864886f70d01010b"): "sha256",  # RSA with SHA-256
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a8648ce3d040302"): "sha256",  # ECDSA with SHA-256
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
    bytes.fromhex("2a864886f70d010104"): "sha256",  # MD5 and SHA-1 count as SHA-256 (RFC 5929)
    bytes.fromhex("2a864886f70d010105"): "sha256",
    bytes.fromhex("2a8648ce3d0401"): "sha256",
}


class CertificateError(LvsmError):
    """A certificate that cannot be read or used."""

    code = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate as people look at it; times are seconds since 1970.

    `subject` is written as RFC 4514 says, `fingerprint` as `openssl x509 -fingerprint -sha256`.
    """

    subject: str
    fingerprint: str
    not_before: float
    not_after: float

    def due(self, now: float) -> bool:
        """Whether it is time for another one."""
        return self.not_after - now < RENEW_DAYS * DAY

    def document(self, now: float) -> dict[str, object]:
        """What CERT SHOW answers."""
        return {
            "subject": self.subject,
            "fingerprint": self.fingerprint,
            "not_before": iso(self.not_before),
            "not_after": iso(self.not_after),
            "days_left": int((self.not_after - now) // DAY),
        }


def fingerprint(der: bytes) -> str:
    """The SHA-256 of a certificate as `openssl x509 -fingerprint` prints it."""
    return hashlib.sha256(der).digest().hex(":").upper()


def same_fingerprint(one: str, other: str) -> bool:
    """Whether two fingerprints are one, however they are written."""
    return one.replace(":", "").strip().upper() == other.replace(":", "").strip().upper()


def end_point_hash(der: bytes) -> bytes:
    """The channel binding `tls-server-end-point` of a server's certificate (RFC 5929, 4.1).

    The hash is that of the certificate's signature, but never a broken one. Raises
    CertificateError when the signature has none (as Ed25519) or this is no certificate.
    """
    try:
        certificate, _ = _der(der, 0x30)
        _, rest = _der(certificate, 0x30)
        algorithm, _ = _der(rest, 0x30)
        identifier, _ = _der(algorithm, 0x06)
    except (IndexError, ValueError):
        raise CertificateError("the server's certificate cannot be read") from None
    name = _HASHES.get(identifier)
    if name is None:
        raise CertificateError("the server's certificate is signed in a way that cannot be bound")
    return hashlib.new(name, der).digest()


def _der(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The contents of the first element, which has that tag, and what follows it."""
    if data[0] != tag:
        raise ValueError("another element was expected")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise ValueError("the element is cut short")
    return data[start : start + length], data[start + length :]
