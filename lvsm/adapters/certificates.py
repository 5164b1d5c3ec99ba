"""This node's self-signed certificate, and TLS 1.3 for both sides.

Nobody signs these certificates and no client checks who did: SCRAM-SHA-256-PLUS binds the login to
the certificate that the client saw, so a man in the middle, who has another, cannot log in and
cannot be taken for the server. Importing this module is cheap; ssl and cryptography are imported
where they are needed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lvsm.core.errors import LvsmError

if TYPE_CHECKING:
    import ssl

FILE = "node.pem"
YEARS = 20
"""An expiry would protect nothing, since nothing checks it; some TLS libraries want one."""

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
class NodeCertificate:
    """The file with this node's key and certificate, and the certificate itself (DER)."""

    path: Path
    der: bytes

    @property
    def fingerprint(self) -> str:
        """What an administrator compares."""
        return fingerprint(self.der)


def load_or_make(folder: Path, node: str) -> NodeCertificate:
    """This node's certificate, made at the first start and kept for good.

    Key and certificate are one file, so that they always belong together; its mode is 0600.
    Raises CertificateError, OSError.
    """
    import ssl

    path = folder / FILE
    if not path.exists():
        _write(path, _make(node))
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


def fingerprint(der: bytes) -> str:
    """The SHA-256 of a certificate as `openssl x509 -fingerprint` prints it."""
    return hashlib.sha256(der).digest().hex(":").upper()


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


def _make(node: str) -> bytes:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a clock may be wrong at the first start
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
