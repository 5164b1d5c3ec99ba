"""What a server keeps of a password, and the arithmetic of SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac, sha256

from lvsm.core.errors import LvsmError
from lvsm.core.saslprep import saslprep

PASSWORD_ITERATIONS = 600_000
"""For passwords that people choose: 137 ms of one core for each guess."""
KEY_ITERATIONS = 4_096
"""For machine keys of full entropy, which no guessing finds."""
MAX_ITERATIONS = 10_000_000
SALT_BYTES = 16

_COUNT = re.compile(r"[1-9][0-9]{0,7}", re.ASCII)


class ScramError(LvsmError):
    """The login failed; `code` is `auth-failed` for whoever asks."""

    code = "auth-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """What a server keeps of a password: enough to check it, not enough to log in with."""

    iterations: int
    salt: bytes = field(repr=False)
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    def __str__(self) -> str:
        """The text form, as PostgreSQL writes it: SCRAM-SHA-256$<iter>:<salt>$<stored>:<server>."""
        salt, stored, server = map(to_base64, (self.salt, self.stored_key, self.server_key))
        return f"SCRAM-SHA-256${self.iterations}:{salt}${stored}:{server}"


def make_verifier(password: str, salt: bytes, iterations: int = PASSWORD_ITERATIONS) -> Verifier:
    """The verifier of a password: costs 0.23 ms per 1,000 iterations.

    Raises UnusableTextError; ValueError for a salt or count below the minimum (our mistake).
    """
    if len(salt) < SALT_BYTES or not KEY_ITERATIONS <= iterations <= MAX_ITERATIONS:
        raise ValueError("a salt has 16 bytes or more, and a password 4,096 iterations or more")
    salted = salted_password(password, salt, iterations)
    return Verifier(
        iterations=iterations,
        salt=salt,
        stored_key=sha256(mac(salted, b"Client Key")).digest(),
        server_key=mac(salted, b"Server Key"),
    )


def machine_password(key: bytes) -> str:
    """A machine key of full entropy as a password; it goes with KEY_ITERATIONS."""
    return key.hex()


def parse_verifier(text: str) -> Verifier:
    """Read the text form; raises ScramError with code `bad-verifier`, not repeating the text."""
    try:
        mechanism, parameters, keys = text.strip().split("$")
        count, salt = parameters.split(":")
        stored, server = map(from_base64, keys.split(":"))
        verifier = Verifier(
            iterations=iteration_count(count),
            salt=from_base64(salt),
            stored_key=stored,
            server_key=server,
        )
    except (ValueError, ScramError):
        mechanism = ""
    if (
        mechanism != "SCRAM-SHA-256"
        or len(verifier.salt) < SALT_BYTES
        or not len(stored) == len(server) == sha256().digest_size
        or not KEY_ITERATIONS <= verifier.iterations <= MAX_ITERATIONS
    ):
        raise ScramError(
            "a password verifier looks like SCRAM-SHA-256$600000:<salt>$<key>:<key>",
            code="bad-verifier",
        )
    return verifier


def absent_verifier(name: str, secret: bytes, iterations: int = PASSWORD_ITERATIONS) -> Verifier:
    """The verifier of a user that does not exist: always the same salt, and no password fits."""
    salt, stored, server = (
        mac(secret, part + b"\0" + name.encode("utf-8"))
        for part in (b"salt", b"stored key", b"server key")
    )
    return Verifier(
        iterations=iterations, salt=salt[:SALT_BYTES], stored_key=stored, server_key=server
    )


def iteration_count(text: str) -> int:
    """A count as the messages write it, without leading zeros; raises ScramError."""
    if _COUNT.fullmatch(text) is None or int(text) > MAX_ITERATIONS:
        raise ScramError("an iteration count is a decimal number up to 10,000,000")
    return int(text)


def salted_password(password: str, salt: bytes, iterations: int) -> bytes:
    """PBKDF2 of the prepared password; raises UnusableTextError."""
    return pbkdf2_hmac("sha256", saslprep(password).encode("utf-8"), salt, iterations)


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256."""
    return hmac.digest(key, message, "sha256")


def xor(left: bytes, right: bytes) -> bytes:
    """Bit by bit, of two texts of one length."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def to_base64(data: bytes) -> str:
    """Base64 as text."""
    return b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """The bytes of a base64 text, of which each has just one; raises ScramError."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise ScramError("a message of the login has bad base64") from None
    if to_base64(data) != text:  # bits that mean nothing must not pass unseen
        raise ScramError("a message of the login has bad base64")
    return data
