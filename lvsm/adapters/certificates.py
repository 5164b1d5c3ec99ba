"""This node's self-signed certificate, and TLS 1.3 for both sides.

Nobody signs these certificates and no client checks who did: SCRAM-SHA-256-PLUS binds the login to
the certificate that the client saw, so a man in the middle, who has another, cannot log in and
cannot be taken for the server. Importing this module is cheap; ssl and cryptography are imported
where they are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lvsm.adapters import clock, files
from lvsm.core.certificate import Certificate, CertificateError, fingerprint
from lvsm.core.moments import DAY

if TYPE_CHECKING:
    import ssl

FILE = "node.pem"
YEARS = 20
"""An expiry would protect nothing, since nothing checks it; some TLS libraries want one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCertificate:
    """The file with this node's key and certificate, and the certificate itself (DER)."""

    path: Path
    der: bytes

    @property
    def fingerprint(self) -> str:
        """What an administrator compares."""
        return fingerprint(self.der)


def load_or_make(folder: Path, node: str, now: Callable[[], float] = clock.now) -> NodeCertificate:
    """This node's certificate, made at the first start; `now` is in seconds since 1970.

    Key and certificate are one file, so that they always belong together; its mode is 0600.
    Raises CertificateError, OSError.
    """
    if not (folder / FILE).exists():
        return make(folder, node, now())
    return _load(folder / FILE)


def make(folder: Path, node: str, now: float) -> NodeCertificate:
    """A new key and a new certificate in the place of the old, durable when this returns.

    Raises OSError, and then the old ones are still there.
    """
    files.replace(folder / FILE, _make(node, now), mode=0o600)
    return _load(folder / FILE)


def describe(der: bytes) -> Certificate:
    """What a certificate says of itself; raises CertificateError."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string()
    except ValueError as error:
        raise CertificateError(f"the certificate cannot be read: {error}") from error
    return Certificate(
        subject=subject,
        fingerprint=fingerprint(der),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


def server_context(path: Path) -> ssl.SSLContext:
    """TLS 1.3 for a server, without session tickets: nothing is resumed."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_cert_chain(path)
    return context


def client_context() -> ssl.SSLContext:
    """TLS 1.3 for a client. Any certificate will do here: SCRAM-PLUS proves whose it is."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _load(path: Path) -> NodeCertificate:
    import ssl

    text = path.read_text(encoding="ascii")
    start = text.find("-----BEGIN CERTIFICATE-----")
    try:
        der = ssl.PEM_cert_to_DER_cert(text[start:])
        server_context(path)
    except (ValueError, ssl.SSLError) as error:
        raise CertificateError(
            f"{path} is damaged ({error}): remove it, and a new one is made at the next start"
        ) from None
    return NodeCertificate(path=path, der=der)


def _make(node: str, now: float) -> bytes:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # a clock may be wrong at the first start
        .not_valid_before(datetime.fromtimestamp(now - DAY, UTC))
        .not_valid_after(datetime.fromtimestamp(now + 365 * YEARS * DAY, UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
