"""The server's side of a login as lines: base64, who may log in, and nothing told to a guesser."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Protocol

from lvsm.core.principal import Principal, iterations_for, principal_of
from lvsm.core.responses import Err, Step
from lvsm.core.scram import (
    MECHANISM,
    ScramError,
    Server,
    Verifier,
    absent_verifier,
)


class Verifiers(Protocol):
    """Who may log in: users, sessions as `session:ID`, and nodes as `node:NAME`."""

    def lookup(self, name: str) -> Verifier | None:
        """The verifier of that name; as quick for a name that does not exist."""


class ServerLogin:
    """One attempt; `user` is who claims to be there, `proof` the server's if that was right."""

    def __init__(self, *, nonce: str, binding: bytes, verifiers: Verifiers, secret: bytes) -> None:
        """`secret` makes the salts of users that do not exist: the same on all nodes, for ever."""
        self._scram = Server(nonce=nonce, binding=binding)
        self._verifiers = verifiers
        self._secret = secret
        self._verifier: Verifier | None = None
        self.user = ""
        self.proof: Step | None = None

    def open(self, args: Sequence[str]) -> Step | Err:
        """Take the words after AUTH; an Err ends the attempt."""
        if len(args) != 2 or args[0].upper() != MECHANISM:
            return Err("bad-mechanism", f"log in by AUTH {MECHANISM} and its first message")
        try:
            self.user = self._scram.open(_decode(args[1]))
        except ScramError as error:
            return Err(error.code, error.message)
        absent = absent_verifier(self.user, self._secret, iterations_for(self.user))
        self._verifier = self._verifiers.lookup(self.user)
        return Step(self._scram.challenge(self._verifier or absent))

    def close(self, text: str) -> bool:
        """Take the client's last message, base64; whether it proves `user`."""
        try:
            proof = Step(self._scram.close(_decode(text.strip(" \t"))))
        except ScramError:
            return False
        known = self._verifier is not None
        self.proof = proof if known else None
        return known

    @property
    def principal(self) -> Principal:
        """Who has logged in, once there is a `proof`."""
        return principal_of(self.user, self._verifier)


def _decode(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise ScramError("a message of the login is base64") from None
