"""SCRAM-SHA-256-PLUS, both sides (RFC 5802, RFC 7677; channel binding RFC 5929).

Law: the channel binding is always demanded, with `tls-server-end-point`, so that neither side
talks to anybody in between; each side proves itself; nothing secret is in an error, a repr or a
comparison that takes shorter for a better guess. Nonces and salts are arguments. One object is one
attempt: a message out of turn raises.

A user that does not exist gets a salt made from the name and a secret of the server's, and is
refused at the same step, after the same work and in the same words as a wrong password.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256

from lvsm.core.principal import iterations_for
from lvsm.core.saslprep import UnusableTextError, saslprep
from lvsm.core.scram_keys import (
    KEY_ITERATIONS,
    MAX_ITERATIONS,
    PASSWORD_ITERATIONS,
    ScramError,
    Verifier,
    absent_verifier,
    from_base64,
    iteration_count,
    mac,
    machine_password,
    make_verifier,
    parse_verifier,
    salted_password,
    to_base64,
    xor,
)

__all__ = [
    "KEY_ITERATIONS",
    "MECHANISM",
    "PASSWORD_ITERATIONS",
    "Client",
    "NotTheServerError",
    "ScramError",
    "Server",
    "Verifier",
    "absent_verifier",
    "machine_password",
    "make_verifier",
    "parse_verifier",
]

MECHANISM = "SCRAM-SHA-256-PLUS"
MAX_MESSAGE = 4_096
MAX_NAME = 255
"""Characters of a user name that is not ASCII: preparing one costs time, and anybody may ask."""

_GS2 = "p=tls-server-end-point,,"
_NONCE = re.compile(r"[\x21-\x2b\x2d-\x7e]{16,256}")


class NotTheServerError(ScramError):
    """The server does not know the password either: somebody stands in between."""

    code = "not-the-server"


class Client:
    """A client's side of one login.

    `binding` is the end-point hash of the certificate that the server showed; `least` the fewest
    iterations that the client will do, for a server that asks for fewer wants to guess cheaply;
    None is what `principal.iterations_for` says of the user. `most` are the most of them, for a
    server that asks for more only wants to keep the client busy.
    """

    def __init__(
        self,
        *,
        user: str,
        password: str,
        nonce: str,
        binding: bytes,
        least: int | None = None,
        most: int = MAX_ITERATIONS,
    ) -> None:
        """`nonce` has 16 to 256 printable ASCII characters other than commas, used only once."""
        self._password = password
        self._nonce = _checked_nonce(nonce)
        self._binding = binding
        self._least = iterations_for(user) if least is None else least
        self._most = most
        self._bare = f"n={_escape(saslprep(user))},r={nonce}"
        self._signature: bytes | None = None
        self._step = 0

    def first(self) -> bytes:
        """The first message."""
        self._turn(0)
        return (_GS2 + self._bare).encode("utf-8")

    def final(self, server_first: bytes) -> bytes:
        """The answer to the server's first message; the PBKDF2 happens here. Raises ScramError."""
        self._turn(1)
        text = _text(server_first)
        fields = _attributes(text, "rsi")
        iterations = iteration_count(fields["i"])
        if not fields["r"].startswith(self._nonce) or fields["r"] == self._nonce:
            raise NotTheServerError("the server answers to somebody else's login")
        if iterations < self._least:
            raise NotTheServerError(
                f"the server asks for {iterations} iterations, fewer than {self._least}"
            )
        if iterations > self._most:
            raise NotTheServerError(
                f"the server asks for {iterations} iterations, more than {self._most}"
            )
        without_proof = f"c={_binding_text(self._binding)},r={fields['r']}"
        salted = salted_password(self._password, from_base64(fields["s"]), iterations)
        client_key = mac(salted, b"Client Key")
        message = f"{self._bare},{text},{without_proof}".encode()
        proof = xor(client_key, mac(sha256(client_key).digest(), message))
        self._signature = mac(mac(salted, b"Server Key"), message)
        self._password = ""
        return f"{without_proof},p={to_base64(proof)}".encode()

    def verify(self, server_final: bytes) -> None:
        """Check the server's proof; raises NotTheServerError."""
        self._turn(2)
        signature = from_base64(_attributes(_text(server_final), "v")["v"])
        if self._signature is None or not hmac.compare_digest(signature, self._signature):
            raise NotTheServerError("the server could not prove that it knows the password")

    def _turn(self, step: int) -> None:
        if self._step != step:
            raise ScramError("a message of the login came out of turn")
        self._step += 1


class Server:
    """A server's side of one login: `user`, after `open`, is who claims to be there.

    `user` is whoever proved it only after `close` has returned.
    """

    def __init__(self, *, nonce: str, binding: bytes) -> None:
        """`binding` is the end-point hash of the server's own certificate."""
        self._nonce = _checked_nonce(nonce)
        self._binding = binding
        self._bare = ""
        self._first = ""
        self._verifier: Verifier | None = None
        self.user = ""

    def open(self, client_first: bytes) -> str:
        """Take the client's first message and return the user's name; raises ScramError."""
        text = _text(client_first)
        if self.user or not text.startswith(_GS2):
            raise ScramError(f"a login begins with {MECHANISM} bound to tls-server-end-point")
        self._bare = text.removeprefix(_GS2)
        fields = _attributes(self._bare, "nr")
        self._nonce = _checked_nonce(fields["r"]) + self._nonce
        if len(fields["n"]) > MAX_NAME and not fields["n"].isascii():
            raise ScramError("the user name is too long")
        try:
            name = saslprep(_unescape(fields["n"]))
        except UnusableTextError:
            raise ScramError("the user name has characters that are not in use") from None
        if not name:
            raise ScramError("the user name is empty")
        self.user = name
        return name

    def challenge(self, verifier: Verifier) -> bytes:
        """The server's first message, for the verifier of `user` or of an absent one."""
        if not self.user or self._verifier is not None:
            raise ScramError("a message of the login came out of turn")
        self._verifier = verifier
        self._first = f"r={self._nonce},s={to_base64(verifier.salt)},i={verifier.iterations}"
        return self._first.encode("ascii")

    def close(self, client_final: bytes) -> bytes:
        """Check the client's proof and return the server's; raises ScramError."""
        verifier, self._verifier = self._verifier, None
        if verifier is None:
            raise ScramError("a message of the login came out of turn")
        text = _text(client_final)
        fields = _attributes(text, "crp")
        without_proof, _, _ = text.rpartition(",p=")
        message = f"{self._bare},{self._first},{without_proof}".encode()
        signature = mac(verifier.stored_key, message)
        proof = from_base64(fields["p"])
        key = xor(proof, signature) if len(proof) == len(signature) else signature
        fits = [
            hmac.compare_digest(sha256(key).digest(), verifier.stored_key),
            hmac.compare_digest(fields["c"].encode(), _binding_text(self._binding).encode()),
            hmac.compare_digest(fields["r"].encode(), self._nonce.encode()),
        ]
        if not all(fits):
            raise ScramError("the user or the password is wrong")
        return f"v={to_base64(mac(verifier.server_key, message))}".encode("ascii")


def _attributes(text: str, names: str) -> dict[str, str]:
    """The attributes of a message, which must be these and in this order (RFC 5802, 5.1).

    Extensions that stand behind them are allowed, mandatory ones (`m=`) are not, and a proof
    stays last.
    """
    parts = text.split(",")
    found = {part[:1]: part[2:] for part in parts}
    order = "".join(part[:1] for part in parts)
    if (
        any(part[1:2] != "=" or not part[2:] for part in parts)
        or len(found) != len(parts)
        or "m" in found
        or not (order.startswith(names) or (order[:2] == "cr" and names == "crp"))
        or not set(names) <= set(found)
        or ("p" in names and order[-1] != "p")
    ):
        raise ScramError("a message of the login does not follow RFC 5802")
    return found


def _text(message: bytes) -> str:
    if len(message) > MAX_MESSAGE:
        raise ScramError("a message of the login is too long")
    try:
        return message.decode("utf-8")
    except UnicodeDecodeError:
        raise ScramError("a message of the login is UTF-8 text") from None


def _checked_nonce(nonce: str) -> str:
    if not _NONCE.fullmatch(nonce):
        raise ScramError("a nonce has 16 to 256 printable characters")
    return nonce


def _escape(name: str) -> str:
    return name.replace("=", "=3D").replace(",", "=2C")


def _unescape(name: str) -> str:
    if re.search("=(?!2C|3D)", name):
        raise ScramError("in a user name, = is written =3D and a comma =2C")
    return name.replace("=2C", ",").replace("=3D", "=")


def _binding_text(binding: bytes) -> str:
    return to_base64(_GS2.encode("ascii") + binding)
