from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvsm.core import scram
from lvsm.core import users as user_table
from lvsm.core.roles import Role
from lvsm.core.session_credentials import (
    MOST_SECONDS,
    Credential,
    SessionError,
    SessionKeys,
)
from lvsm.core.users import User, Users, end_sessions
from tests.unit.core.test_users import OTHER, VERIFIER, verifiers
from tests.unit.strategies import names

KEYS = SessionKeys(b"k" * 32)
USERS = user_table.add(user_table.seeded(VERIFIER), "alice", Role.VIEWER, OTHER)
NOW = 1e9


def make(name: str = "alice", seconds: int = 60, nonce: bytes = b"n" * 16) -> Credential:
    return KEYS.make(name, USERS.by_name[name], seconds=seconds, nonce=nonce, now=NOW)


@given(
    names.filter(lambda name: name != "admin"),
    verifiers,
    st.integers(1, MOST_SECONDS),
    st.binary(min_size=16, max_size=16),
)
def test_a_credential_is_valid_until_its_time(
    name: str, verifier: scram.Verifier, seconds: int, nonce: bytes
) -> None:
    users = user_table.seeded(VERIFIER).with_user(name, User(role=Role.VIEWER, verifier=verifier))
    made = KEYS.make(name, users.by_name[name], seconds=seconds, nonce=nonce, now=NOW)
    assert KEYS.read(str(made.id), users) == made.id
    assert made.id.user == name
    assert KEYS.valid(str(made.id), users, NOW + seconds - 0.001)
    assert not KEYS.valid(str(made.id), users, NOW + seconds)


@given(st.data())
def test_an_id_with_an_altered_byte_is_none(data: st.DataObject) -> None:
    text = str(make().id)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda c: c != text[place]))
    altered = text[:place] + other + text[place + 1 :]
    assert KEYS.read(altered, USERS) is None
    assert not KEYS.valid(altered, USERS, NOW)


def test_each_byte_of_an_id_counts() -> None:
    text = str(make().id)
    for place, old in enumerate(text):
        for other in "aZ09-_:.\n":
            if other != old:
                assert KEYS.read(text[:place] + other + text[place + 1 :], USERS) is None


@given(st.text(max_size=120))
def test_junk_is_no_id_and_still_has_a_verifier(text: str) -> None:
    assert KEYS.read(text, USERS) is None


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=120))
def test_junk_costs_what_an_id_costs(text: str) -> None:
    assert KEYS.verifier(text).iterations == scram.KEY_ITERATIONS


def test_the_secret_fits_the_verifier_of_its_id_and_of_no_other() -> None:
    made, other = make(), make(nonce=b"m" * 16)
    assert made.secret != other.secret
    verifier = KEYS.verifier(str(made.id))
    fits = scram.make_verifier(made.secret, verifier.salt, verifier.iterations)
    assert fits == verifier
    assert fits != KEYS.verifier(str(other.id))


@pytest.mark.parametrize(
    "users",
    [
        user_table.set_verifier(USERS, "alice", VERIFIER),
        user_table.remove(USERS, "alice"),
        USERS.with_user("alice", User(role=Role.VIEWER)),
    ],
)
def test_a_new_password_or_removal_makes_the_id_invalid(users: Users) -> None:
    assert KEYS.read(str(make().id), USERS)
    assert KEYS.read(str(make().id), users) is None


@pytest.mark.parametrize("later", [0.0, 0.0004, 0.001, 5.0])
def test_a_user_who_was_added_again_is_another_one(later: float) -> None:
    """Even with the same verifier: sessions of before stay ended, new ones are valid at once."""
    before = make()
    gone = end_sessions(USERS, "alice", {before.id.nonce: before.id.until}, NOW)
    users = user_table.add(
        user_table.remove(gone, "alice"), "alice", Role.VIEWER, OTHER, NOW + later
    )
    for old in (before, make(nonce=b"m" * 16)):
        assert KEYS.read(str(old.id), users) is None
        moved = replace(old.id, since=old.id.since + 10_000)
        assert KEYS.read(str(moved), users) is None
    alice = users.by_name["alice"]
    new = KEYS.make("alice", alice, seconds=60, nonce=b"o" * 16, now=NOW + later)
    assert KEYS.valid(str(new.id), users, NOW + later)


def test_an_ended_session_is_not_valid() -> None:
    made = make()
    users = end_sessions(USERS, "alice", {made.id.nonce: made.id.until}, NOW)
    assert not KEYS.valid(str(made.id), users, NOW)
    assert KEYS.valid(str(make(nonce=b"m" * 16).id), users, NOW)


def test_another_role_leaves_the_session() -> None:
    assert KEYS.valid(str(make().id), user_table.set_role(USERS, "alice", Role.ADMIN), NOW)


def test_another_cluster_knows_nothing_of_it() -> None:
    other = SessionKeys(b"K" * 32)
    text = str(make().id)
    assert other.read(text, USERS) is None
    assert other.verifier(text) != KEYS.verifier(text)


def test_an_id_does_not_pass_for_another_user_of_the_same_password() -> None:
    users = USERS.with_user("bob", USERS.by_name["alice"])
    made = make()
    assert KEYS.read(str(replace(made.id, user="bob")), users) is None


@pytest.mark.parametrize("seconds", [0, -1, MOST_SECONDS + 1])
def test_a_session_is_not_for_ever(seconds: int) -> None:
    with pytest.raises(SessionError):
        make(seconds=seconds)


def test_without_a_password_there_is_no_session() -> None:
    with pytest.raises(SessionError):
        KEYS.make("x", User(role=Role.ADMIN), seconds=1, nonce=b"n" * 16, now=NOW)


def test_nothing_secret_is_in_a_repr() -> None:
    assert make().secret not in repr(make())
