from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import users as user_table
from lvsm.core.errors import LvsmError
from lvsm.core.roles import Role
from lvsm.core.scram_keys import KEY_ITERATIONS, MAX_ITERATIONS, ScramError, Verifier
from lvsm.core.users import MOST_ENDED, MOST_USERS, User, Users, UsersError, end_sessions, is_ended
from tests.unit.strategies import names, texts

keys = st.binary(min_size=32, max_size=32)
verifiers = st.builds(
    Verifier,
    iterations=st.integers(KEY_ITERATIONS, MAX_ITERATIONS),
    salt=st.binary(min_size=16, max_size=32),
    stored_key=keys,
    server_key=keys,
)
moments = st.integers(0, user_table.LAST_MOMENT)
nonces = st.text("abcXYZ019-_", min_size=22, max_size=22)
a_user = st.builds(
    User,
    role=st.sampled_from(Role),
    verifier=st.none() | verifiers,
    ended=st.dictionaries(nonces, moments, max_size=MOST_ENDED),
    floor=moments,
    since=moments,
)
an_admin = st.builds(User, role=st.just(Role.ADMIN), verifier=st.none() | verifiers)
tables = st.builds(
    lambda others, admin, number: Users(by_name={**others, "admin": admin}, number=number),
    st.dictionaries(names, a_user, max_size=4),
    an_admin,
    moments,
)
VERIFIER = Verifier(iterations=600_000, salt=b"s" * 16, stored_key=b"k" * 32, server_key=b"v" * 32)
OTHER = Verifier(iterations=600_000, salt=b"t" * 16, stored_key=b"l" * 32, server_key=b"w" * 32)
ALICE = user_table.add(user_table.seeded(VERIFIER), "alice", Role.OPERATOR, OTHER)


@given(tables)
def test_what_is_rendered_is_read_back(users: Users) -> None:
    assert user_table.parse(user_table.render(users)) == users


@given(texts)
def test_junk_is_refused_with_the_code(text: str) -> None:
    with pytest.raises(UsersError) as refused:
        user_table.parse(text)
    assert refused.value.code == "bad-users"


@given(tables, st.data())
def test_a_damaged_document_is_refused_or_keeps_an_admin(users: Users, data: st.DataObject) -> None:
    text = user_table.render(users)
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.sampled_from('x0"\n[].=')) + text[place + 1 :]
    try:
        found = user_table.parse(damaged)
    except UsersError:
        return
    assert found.by_name["admin"].role is Role.ADMIN


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[user.admin]\nrole = "viewer"\n', "user.admin"),
        ('[user.alice]\nrole = "admin"\n', "user.admin"),
        ('[user.admin]\nrole = "king"\n', "user.admin.role"),
        ("[user.admin]\n", "user.admin"),
        ('[user.admin]\nrole = "admin"\npassword = "x"\n', "user.admin.password"),
        ('[user.admin]\nrole = "admin"\nverifier = "hunter2"\n', "user.admin.verifier"),
        ('[user.admin]\nrole = "admin"\n[user.Alice]\nrole = "viewer"\n', "user"),
        ('[user.admin]\nrole = "admin"\nended = {x = 1}\n', "user.admin.ended"),
        ('[user.admin]\nrole = "admin"\nfloor = -1\n', "user.admin.floor"),
        ('number = "1"\n[user.admin]\nrole = "admin"\n', "number"),
    ],
)
def test_a_mistake_has_its_place_and_repeats_no_secret(text: str, place: str) -> None:
    with pytest.raises(UsersError) as refused:
        user_table.parse(text)
    assert refused.value.message.startswith(place)
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda users: user_table.add(users, "alice", Role.VIEWER, VERIFIER), "user-exists"),
        (lambda users: user_table.add(users, "admin", Role.VIEWER, VERIFIER), "user-exists"),
        (lambda users: user_table.add(users, "root", Role.VIEWER, VERIFIER), "reserved-name"),
        (lambda users: user_table.add(users, "mon", Role.VIEWER, VERIFIER), "reserved-name"),
        (lambda users: user_table.add(users, "Bob", Role.VIEWER, VERIFIER), "bad-name"),
        (lambda users: user_table.add(users, "node:dir1", Role.VIEWER, VERIFIER), "bad-name"),
        (lambda users: user_table.add(users, "session:x", Role.VIEWER, VERIFIER), "bad-name"),
        (lambda users: user_table.set_role(users, "bob", Role.VIEWER), "unknown-name"),
        (lambda users: user_table.set_role(users, "admin", Role.OPERATOR), "admin-stays"),
        (lambda users: user_table.remove(users, "admin"), "admin-stays"),
        (lambda users: user_table.remove(users, "bob"), "unknown-name"),
        (lambda users: user_table.set_verifier(users, "bob", VERIFIER), "unknown-name"),
    ],
)
def test_what_cannot_be_done_has_its_code(change: Callable[[Users], Users], code: str) -> None:
    with pytest.raises(UsersError) as refused:
        change(ALICE)
    assert refused.value.code == code


def test_changes_count_and_touch_nothing_else() -> None:
    assert ALICE.by_name["admin"] == User(role=Role.ADMIN, verifier=VERIFIER)
    changed = user_table.set_role(ALICE, "alice", Role.VIEWER)
    assert changed.by_name["alice"] == User(role=Role.VIEWER, verifier=OTHER, since=1)
    changed = user_table.set_verifier(changed, "alice", VERIFIER)
    assert changed.by_name["alice"] == User(role=Role.VIEWER, verifier=VERIFIER, since=1)
    assert user_table.remove(changed, "alice").by_name.keys() == {"admin"}
    assert [ALICE.number, changed.number] == [1, 3]


def test_there_are_not_endlessly_many() -> None:
    many = {f"u{number}": User(role=Role.VIEWER) for number in range(MOST_USERS - 1)}
    users = Users(by_name={"admin": User(role=Role.ADMIN), **many})
    with pytest.raises(UsersError) as refused:
        user_table.add(users, "one-more", Role.VIEWER, VERIFIER)
    assert refused.value.code == "too-many-users"


@given(st.lists(st.tuples(nonces, st.integers(1_000, 2_000)), max_size=3 * MOST_ENDED))
def test_an_ended_session_stays_ended_until_its_time_however_many_there_are(
    sessions: list[tuple[str, int]],
) -> None:
    users = ALICE
    ended: dict[str, int] = {}
    for nonce, until in sessions:
        users = end_sessions(users, "alice", {nonce: until}, 1_500)
        if until > 1_500:
            ended.setdefault(nonce, until)
        alice = users.by_name["alice"]
        assert len(alice.ended) <= MOST_ENDED
        assert all(is_ended(alice, one, end) for one, end in ended.items())
    assert user_table.parse(user_table.render(users)) == users


def test_who_ends_many_sessions_ends_no_other_users() -> None:
    users = ALICE
    for number in range(MOST_ENDED + 1):
        users = end_sessions(users, "alice", {f"{number:022d}": 2_000 + number}, 1_000)
    assert users.by_name["alice"].floor == 2_000
    assert users.by_name["admin"].floor == 0
    assert not is_ended(users.by_name["alice"], "n" * 22, 2_001)


def test_ending_what_has_ended_or_is_unknown_changes_nothing() -> None:
    users = end_sessions(ALICE, "alice", {"n" * 22: 2_000}, 1_000)
    assert end_sessions(users, "alice", {"n" * 22: 2_000}, 1_000) is users
    assert end_sessions(users, "alice", {"m" * 22: 999}, 1_000) is users
    assert end_sessions(users, "alice", {}, 1_000, floor=900) is users
    assert end_sessions(users, "nobody", {"m" * 22: 2_000}, 1_000) is users
    risen = end_sessions(users, "alice", {}, 1_000, floor=2_000).by_name["alice"]
    assert (risen.floor, risen.ended) == (2_000, {})


def test_what_ended_before_is_forgotten_with_its_time() -> None:
    users = end_sessions(ALICE, "alice", {"n" * 22: 2_000}, 1_000)
    users = end_sessions(users, "alice", {"m" * 22: 4_000}, 3_000)
    assert users.by_name["alice"].ended == {"m" * 22: 4_000}


def test_a_new_password_keeps_what_had_ended() -> None:
    users = end_sessions(ALICE, "alice", {"n" * 22: 2_000}, 1_000)
    again = user_table.set_verifier(users, "alice", OTHER)
    assert is_ended(again.by_name["alice"], "n" * 22, 2_000)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (str(VERIFIER).replace("600000", "599999").encode(), "weak-verifier"),
        (b"hunter2", "bad-verifier"),
        ("SCRAM-SHA-256$ü".encode(), "bad-verifier"),
        (b"x" * 100_000, "bad-verifier"),
        (b"", "bad-verifier"),
    ],
)
def test_a_password_is_not_taken_too_lightly(data: bytes, code: str) -> None:
    with pytest.raises(ScramError) as refused:
        user_table.password_verifier(data)
    assert refused.value.code == code
    assert "hunter2" not in refused.value.message


@given(st.binary(max_size=200))
def test_junk_is_no_verifier(data: bytes) -> None:
    with pytest.raises(LvsmError):
        user_table.password_verifier(data)


@given(verifiers.filter(lambda verifier: verifier.iterations >= 600_000))
def test_a_verifier_comes_as_it_was_sent(verifier: Verifier) -> None:
    assert user_table.password_verifier(str(verifier).encode()) == verifier


def test_nothing_secret_is_in_a_repr() -> None:
    assert str(OTHER).split("$")[2] not in repr(ALICE)
    assert "verifier" not in repr(ALICE)
