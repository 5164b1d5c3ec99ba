"""The users' file, the ids of session credentials, and what nodes tell of ended sessions."""

from __future__ import annotations

from collections.abc import Hashable
from random import Random

from lvsm.core import users
from lvsm.core.roles import Role
from lvsm.core.scram_keys import Verifier
from lvsm.core.session_credentials import SessionKeys
from lvsm.core.users import end_sessions
from lvsm.daemon.accounts import ended_sessions
from tests.fuzz.target import Target, law, text_of

NOW = 1_700_000_000
NONCES = tuple(f"{number:022d}" for number in range(200))
VERIFIER = Verifier(iterations=600_000, salt=b"s" * 16, stored_key=b"k" * 32, server_key=b"v" * 32)
USERS = users.add(users.seeded(VERIFIER), "alice", Role.VIEWER, VERIFIER)
KEYS = SessionKeys(b"k" * 32)
IDS = tuple(
    str(KEYS.make(name, USERS.by_name[name], seconds=seconds, nonce=b"n" * 16, now=NOW).id)
    for name in ("admin", "alice")
    for seconds in (60, 3_600)
)


def file(data: bytes) -> Hashable:
    """Whatever is read has an admin who is one, and is written out so that it is read the same."""
    found = users.parse(text_of(data))
    law(found.by_name["admin"].role is Role.ADMIN, "admin is no admin")
    law(users.parse(users.render(found)) == found, "written out, it is read as something else")
    return tuple(sorted((user.role, len(user.ended)) for user in found.by_name.values()))


def session_id(data: bytes) -> Hashable:
    """Only the ids that were made are any."""
    text = text_of(data)
    found = KEYS.read(text, USERS)
    law((found is not None) == (text in IDS), "an id that was not made, or one refused that was")
    law(KEYS.valid(text, USERS, NOW) == (text in IDS), "it is valid and was not made, or the like")
    return found is not None, text.count(":")


def ended(data: bytes) -> Hashable:
    """Whatever nodes tell, what is kept of it is bounded, and can be written and read."""
    kept = USERS
    for one in ended_sessions(data):
        kept = end_sessions(kept, one.user, one.ended, NOW, one.floor)
    for user in kept.by_name.values():
        law(len(user.ended) <= users.MOST_ENDED, "more is kept than may be")
    law(users.parse(users.render(kept)) == kept, "written out, it is read as something else")
    return kept.number, tuple(len(user.ended) for user in kept.by_name.values())


def _file(rng: Random) -> bytes:
    made = USERS
    for name in rng.sample(("bob", "a.b", "c-d", "e_f", "0"), rng.randint(0, 4)):
        made = users.add(made, name, rng.choice(tuple(Role)), VERIFIER)
        for nonce in rng.sample(NONCES, rng.choice((0, 1, 70))):
            made = end_sessions(made, name, {nonce: NOW + rng.randint(1, 9)}, NOW)
    return users.render(made).encode()


def _id(rng: Random) -> bytes:
    """An id, or parts of several in one."""
    parts = zip(*(text.split(":") for text in IDS), strict=True)
    mixed = ":".join(rng.choice(part) for part in parts)
    return rng.choice((rng.choice(IDS), mixed)).encode()


def _ended(rng: Random) -> bytes:
    sessions = ",".join(
        f'"{nonce}":{NOW + rng.randint(-9, 99)}'
        for nonce in rng.sample(NONCES, rng.choice((0, 1, 3, 70)))
    )
    user = rng.choice(("alice", "admin", "nobody"))
    floor = rng.choice((0, NOW, NOW + 50))
    return f'[{{"user":"{user}","floor":{floor},"ended":{{{sessions}}}}}]'.encode()


TARGETS = (
    Target(
        name="users-file",
        run=file,
        make=_file,
        seeds=(users.render(USERS).encode(), _file(Random(1))),
        words=(
            b"[user.admin]\n",
            b"[user.admin.ended]\n",
            b'role = "admin"\n',
            b'role = "viewer"\n',
            b"floor = 1\n",
            b"number = 1\n",
            b'verifier = "',
            b"user = {}\n",
        ),
    ),
    Target(
        name="session-id",
        run=session_id,
        make=_id,
        seeds=tuple(text.encode() for text in IDS),
        words=(b":", b"admin", b"alice", b"\n", b"=", b"0", str(NOW + 60).encode()),
        most=200,
    ),
    Target(
        name="ended-sessions",
        run=ended,
        make=_ended,
        seeds=(_ended(Random(1)), _ended(Random(2)), b"[]"),
        words=(b'"user":', b'"floor":', b'"ended":', b"-1", b"1e99", b"253402300799", b"null"),
    ),
)
