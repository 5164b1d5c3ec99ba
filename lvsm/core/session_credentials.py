"""Session credentials: an id and a secret that stand for a password for a while.

    id     = user ":" since "-" until ":" nonce ":" seal    user `session:<id>` of a SCRAM login
    seal   = HMAC(seal key, user, since, until, nonce, the user's verifier), 16 bytes
    secret = HMAC(secret key, id), 32 bytes

Both keys are derived from the cluster's key (`cluster_key.derive`), so that every node can check
a credential and no node has to remember one. Laws: an id in which a byte was altered is none; a
user's new password makes the ids of before invalid, and so does removing the user, also when one of
that name and password is added afterwards. The seal is keyed, because an id is shown to a
server before that has proved itself, and must not help to guess the password behind the verifier.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace

from lvsm.core.cluster_key import derive
from lvsm.core.errors import LvsmError
from lvsm.core.scram_keys import (
    KEY_ITERATIONS,
    SALT_BYTES,
    Verifier,
    mac,
    machine_password,
    make_verifier,
)
from lvsm.core.users import User, Users, is_ended

DEFAULT_SECONDS = 30 * 60
MOST_SECONDS = 12 * 3600
NONCE_BYTES = 16

_SEAL_BYTES = 16
_ID = re.compile(
    r"(?P<user>[a-z0-9][a-z0-9._-]{0,62}):(?P<since>[1-9][0-9]{0,14})-(?P<until>[1-9][0-9]{0,11})"
    r":(?P<nonce>[A-Za-z0-9_-]{22}):(?P<seal>[A-Za-z0-9_-]{22})",
    re.ASCII,
)


class SessionError(LvsmError):
    """A session credential that cannot be made."""

    code = "bad-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionId:
    """An id taken apart; `since` is milliseconds since 1970, `until` seconds."""

    user: str
    since: int
    until: int
    nonce: str
    seal: str

    def __str__(self) -> str:
        return f"{self.user}:{self.since}-{self.until}:{self.nonce}:{self.seal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a client gets: the id, and the secret as the password of user `session:<id>`."""

    id: SessionId
    secret: str = field(repr=False)


class SessionKeys:
    """The keys of one cluster's session credentials."""

    def __init__(self, cluster_key: bytes) -> None:
        """`cluster_key` is what the nodes share; it cannot be found from what is made here."""
        self._seal = derive(cluster_key, info=b"lvsm session seals 1")
        self._secret = derive(cluster_key, info=b"lvsm session secrets 1")
        self._salt = derive(cluster_key, info=b"lvsm session salts 1")

    def make(self, name: str, user: User, *, seconds: int, nonce: bytes, now: float) -> Credential:
        """A credential of a user for so many seconds.

        Raises SessionError for more than MOST_SECONDS, less than a second, or a user without a
        password; ValueError for a nonce of another length than NONCE_BYTES (our mistake).
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a session's nonce has 16 bytes")
        if not 1 <= seconds <= MOST_SECONDS:
            raise SessionError(f"a session lasts 1 to {MOST_SECONDS} seconds")
        if user.verifier is None:
            raise SessionError(f"{name} has no password")
        since, until = max(int(now * 1e3), user.since, 1), max(int(now) + seconds, 1)
        text = _to_text(nonce)
        unsealed = SessionId(user=name, since=since, until=until, nonce=text, seal="")
        made = replace(unsealed, seal=self._seal_of(unsealed, user.verifier))
        return Credential(id=made, secret=machine_password(mac(self._secret, str(made).encode())))

    def read(self, text: str, users: Users) -> SessionId | None:
        """The id of a text if it was made here for the user's present password, else None."""
        match = _ID.fullmatch(text)
        if match is None:
            return None
        found = SessionId(
            user=match["user"],
            since=int(match["since"]),
            until=int(match["until"]),
            nonce=match["nonce"],
            seal=match["seal"],
        )
        user = users.by_name.get(found.user)
        if user is None or user.verifier is None or found.since < user.since:
            return None
        seal = self._seal_of(found, user.verifier)
        return found if hmac.compare_digest(seal, found.seal) else None

    def valid(self, text: str, users: Users, now: float) -> bool:
        """Whether that is the id of a session that goes on."""
        found = self.read(text, users)
        return (
            found is not None
            and now < found.until
            and not is_ended(users.by_name[found.user], found.nonce, found.until)
        )

    def verifier(self, text: str) -> Verifier:
        """The verifier of any id, also of one that is none: 1 ms of work for each of them."""
        data = text.encode("utf-8", "replace")
        password = machine_password(mac(self._secret, data))
        return make_verifier(password, mac(self._salt, data)[:SALT_BYTES], KEY_ITERATIONS)

    def _seal_of(self, session: SessionId, verifier: Verifier) -> str:
        parts = (session.user, session.since, session.until, session.nonce, verifier)
        return _to_text(mac(self._seal, "\n".join(map(str, parts)).encode())[:_SEAL_BYTES])


def _to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")
