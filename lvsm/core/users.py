"""The users: names, roles, password verifiers, and the sessions that ended before their time.

    number = 4

    [user.admin]
    role = "admin"
    verifier = "SCRAM-SHA-256$600000:..."

    [user.admin.ended]
    Q2xhdWRlIHdhcyBoZXJlIQ = 1764063000       # a session's nonce, and when it would have ended

Laws: parse(render(x)) == x. `admin` is always there and always an admin. What is kept of ended
sessions is bounded: when there are too many, the one that would end soonest makes place, and every
session of that user which would end no later counts as ended (`floor`). No error and no repr has a
verifier in it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lvsm.core import readers, toml_text
from lvsm.core.errors import LvsmError
from lvsm.core.names import RULE, is_name, quoted
from lvsm.core.principal import ADMIN
from lvsm.core.readers import Wrong
from lvsm.core.roles import OF_ACCOUNT, Role
from lvsm.core.scram_keys import PASSWORD_ITERATIONS, ScramError, Verifier, parse_verifier

MOST_USERS = 1_000
MOST_ENDED = 64
"""How many ended sessions are kept for each user."""
LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""
HEADER = "# LVSM's users. plvsd writes this file: change it by `lvsm user` and `lvsm passwd`.\n\n"

NONCE_PATTERN = r"^[A-Za-z0-9_-]{22}$"

_LONGEST_VERIFIER = 1_024
_RESERVED = frozenset({"root", "plvsd", *OF_ACCOUNT})
_NONCE = re.compile(NONCE_PATTERN, re.ASCII)


class UsersError(LvsmError):
    """A change of the users that cannot be made; the class's code is that of a bad document."""

    code = "bad-users"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user; without a verifier nobody logs in by that name.

    `ended` maps the nonces of ended sessions to when they would have ended, in seconds since 1970;
    sessions that end at `floor` or before are ended too. `since` is when the user was added, in
    milliseconds since 1970: sessions from before that are another's who had the name.
    """

    role: Role
    verifier: Verifier | None = field(default=None, repr=False)
    ended: Mapping[str, int] = field(default_factory=dict)
    floor: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """All users by name; `number` counts the changes."""

    by_name: Mapping[str, User] = field(default_factory=lambda: {ADMIN: User(role=Role.ADMIN)})
    number: int = 0

    def named(self, name: str) -> User:
        """The user of that name; raises UsersError with code `unknown-name`."""
        user = self.by_name.get(name)
        if user is None:
            raise UsersError(f"there is no user {quoted(name)}", code="unknown-name")
        return user

    def with_user(self, name: str, user: User) -> Users:
        """The users after one change more."""
        return replace(self, by_name={**self.by_name, name: user}, number=self.number + 1)


def seeded(verifier: Verifier | None) -> Users:
    """The users of a node that has none yet: `admin`, with plvsd.conf's verifier."""
    return Users(by_name={ADMIN: User(role=Role.ADMIN, verifier=verifier)})


def add(users: Users, name: str, role: Role, verifier: Verifier, now: float = 0.0) -> Users:
    """With one user more, who is new at `now`, in seconds since 1970.

    Raises UsersError: `bad-name`, `reserved-name`, `user-exists`, `too-many-users`.
    """
    if not is_name(name):
        raise UsersError(f"{quoted(name)} cannot be a user: {RULE}", code="bad-name")
    if name in _RESERVED:
        raise UsersError(
            f"{name} is an account of the system: choose another", code="reserved-name"
        )
    if name in users.by_name:
        raise UsersError(f"there is a user {name} already", code="user-exists")
    if len(users.by_name) >= MOST_USERS:
        raise UsersError(f"there are {MOST_USERS} users: remove some first", code="too-many-users")
    return users.with_user(name, User(role=role, verifier=verifier, since=_milliseconds(now)))


def _milliseconds(now: float) -> int:
    """The next one: what began before `now` began before that."""
    return int(now * 1e3) + 1


def set_role(users: Users, name: str, role: Role) -> Users:
    """With another role for a user; raises UsersError: `unknown-name`, `admin-stays`."""
    user = users.named(name)
    if name == ADMIN and role is not Role.ADMIN:
        raise UsersError(f"{ADMIN} is always an admin", code="admin-stays")
    return users.with_user(name, replace(user, role=role))


def set_verifier(users: Users, name: str, verifier: Verifier) -> Users:
    """With another password, by which all sessions of that user end.

    Raises UsersError: `unknown-name`.
    """
    return users.with_user(name, replace(users.named(name), verifier=verifier))


def remove(users: Users, name: str) -> Users:
    """Without a user; raises UsersError: `unknown-name`, `admin-stays`."""
    users.named(name)
    if name == ADMIN:
        raise UsersError(f"{ADMIN} cannot be removed", code="admin-stays")
    kept = {other: user for other, user in users.by_name.items() if other != name}
    return replace(users, by_name=kept, number=users.number + 1)


def end_sessions(
    users: Users, name: str, ended: Mapping[str, int], now: float, floor: int = 0
) -> Users:
    """With sessions of a user ended: their nonces, and until when each would have lasted.

    `floor` is what another node has forgotten already. Nothing changes when all is known.
    """
    user = users.by_name.get(name)
    if user is None:
        return users
    floor = max(floor if floor > now else 0, user.floor)
    more = {
        nonce: until
        for nonce, until in ended.items()
        if until > max(now, floor) and nonce not in user.ended
    }
    if not more and floor == user.floor:
        return users
    kept = {nonce: until for nonce, until in user.ended.items() if until > max(now, floor)} | more
    while len(kept) > MOST_ENDED:
        soonest = min(kept, key=lambda nonce: (kept[nonce], nonce))
        floor = max(floor, kept.pop(soonest))
    return users.with_user(name, replace(user, ended=kept, floor=floor))


def is_ended(user: User, nonce: str, until: int) -> bool:
    """Whether the session of that user was ended."""
    return until <= user.floor or nonce in user.ended


def is_nonce(text: str) -> bool:
    """Whether that can be a session's nonce."""
    return _NONCE.fullmatch(text) is not None


def password_verifier(data: bytes) -> Verifier:
    """The verifier of a new password as a client sends it.

    Raises ScramError with code `bad-verifier` or `weak-verifier`, which does not repeat it.
    """
    if len(data) > _LONGEST_VERIFIER or not data.isascii():
        raise ScramError("that is no SCRAM-SHA-256 verifier", code="bad-verifier")
    verifier = parse_verifier(data.decode("ascii"))
    if verifier.iterations < PASSWORD_ITERATIONS:
        raise ScramError(
            f"{verifier.iterations} iterations are too few for a password:"
            f" make its verifier with {PASSWORD_ITERATIONS} or more",
            code="weak-verifier",
        )
    return verifier


def render(users: Users) -> str:
    """The document's text."""
    parts = [HEADER + toml_text.pair("number", users.number) + "\n"]
    for name, user in sorted(users.by_name.items()):
        header = f"user.{toml_text.key(name)}"
        verifier = None if user.verifier is None else str(user.verifier)
        pairs = {
            "role": user.role.value,
            "verifier": verifier,
            "floor": user.floor or None,
            "since": user.since or None,
        }
        parts.append(toml_text.table(f"[{header}]", pairs))
        if user.ended:
            parts.append(toml_text.table(f"[{header}.ended]", dict(sorted(user.ended.items()))))
    return "\n".join(parts)


def parse(text: str) -> Users:
    """Read a document; raises UsersError with code `bad-users` and the place."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsersError(f"the users are no TOML: {error}") from None
    found = _table(document, "", {"number": _moment, "user": _users})
    users = found.get("user", {})
    if ADMIN not in users or users[ADMIN].role is not Role.ADMIN:
        raise UsersError(f"user.{ADMIN} has to be there, with the role {Role.ADMIN}")
    return Users(by_name=users, number=found.get("number", 0))


Read = Callable[[Any, str], Any]


def _users(value: Any, place: str) -> dict[str, User]:
    return {name: _user(given, f"{place}.{name}") for name, given in _named(value, place).items()}


def _named(value: Any, place: str) -> dict[str, Any]:
    table = _read(readers.of_type, value, place, dict)
    for name in table:
        if not is_name(name):
            raise UsersError(f"{place}: {quoted(name)} cannot be a user: {RULE}")
    found: dict[str, Any] = table
    return found


def _user(value: Any, place: str) -> User:
    keys: dict[str, Read] = {
        "role": _role,
        "verifier": _verifier,
        "ended": _ended,
        "floor": _moment,
        "since": _milli_moment,
    }
    found = _table(value, place, keys)
    if "role" not in found:
        raise UsersError(f"{place}: the role is missing")
    return User(**found)


def _role(value: Any, place: str) -> Role:
    role: Role = _read(readers.choice(Role), value, place)
    return role


def _verifier(value: Any, place: str) -> Verifier:
    try:
        return parse_verifier(_read(readers.text, value, place))
    except ScramError as error:
        raise UsersError(f"{place}: {error.message}") from None


def _ended(value: Any, place: str) -> dict[str, int]:
    found = _read(readers.of_type, value, place, dict)
    if not all(map(is_nonce, found)) or len(found) > MOST_ENDED:
        raise UsersError(f"{place}: these are no nonces of sessions, or too many")
    return {nonce: _moment(until, f"{place}.{nonce}") for nonce, until in found.items()}


def _moment(value: Any, place: str) -> int:
    moment: int = _read(readers.number(0, LAST_MOMENT), value, place)
    return moment


def _milli_moment(value: Any, place: str) -> int:
    moment: int = _read(readers.number(0, LAST_MOMENT * 1000), value, place)
    return moment


def _table(value: Any, place: str, keys: Mapping[str, Read]) -> dict[str, Any]:
    found = {}
    for key, given in _read(readers.of_type, value, place, dict).items():
        inner = f"{place}.{key}" if place else key
        if key not in keys:
            raise UsersError(f"{inner}: there is no such key")
        found[key] = keys[key](given, inner)
    return found


def _read(reader: Callable[..., Any], value: Any, place: str, *more: Any) -> Any:
    try:
        return reader(value, *more)
    except Wrong as wrong:
        raise UsersError(f"{place}: {wrong.message}. {wrong.advice}") from None
