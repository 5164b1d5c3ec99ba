"""The certificate that browsers see: the admin's own, or one that is made at the first start.

Nobody signs the one that is made, so a browser asks once; its fingerprint is printed at the start.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from webclient.errors import WebError
from webclient.settings import Tls

FILE = "web.pem"
DAYS = 3650


def load_or_make(folder: Path, own: Tls | None, names: tuple[str, ...]) -> tuple[Path, Path]:
    """The files of certificate and key; `names` are hosts and addresses for a new one.

    Raises WebError, OSError.
    """
    if own is not None:
        pair = Path(own.certificate), Path(own.key)
    else:
        pair = folder / FILE, folder / FILE
        if not pair[0].exists():
            _write(pair[0], _make(names))
    context(*pair)
    return pair


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 and nothing older; raises WebError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise WebError(f"the certificate {certificate} with the key {key}: {error}") from None
    return made


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the first certificate in a file, as browsers show it."""
    text = certificate.read_text(encoding="ascii")
    start = text.find("-----BEGIN CERTIFICATE-----")
    end = text.find("-----END CERTIFICATE-----", start)
    der = ssl.PEM_cert_to_DER_cert(text[start:end] + "-----END CERTIFICATE-----\n")
    return hashlib.sha256(der).digest().hex(":").upper()


def local_names(host: str) -> tuple[str, ...]:
    """By which names this machine is reached, `host` being what is listened on."""
    known = {"localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn()}
    return tuple(sorted(known | ({host} if host not in ("0.0.0.0", "::", "") else set())))


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".new")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _make(names: tuple[str, ...]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "LVSM web client")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
