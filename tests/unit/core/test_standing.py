import pytest

from lvsm.core import users as user_table
from lvsm.core.principal import Principal, iterations_for, local_principal, principal_of
from lvsm.core.roles import OF_ROLE, Right, Role
from lvsm.core.scram_keys import KEY_ITERATIONS, PASSWORD_ITERATIONS
from lvsm.core.standing import SessionEndedError, standing
from lvsm.core.users import Users, end_sessions
from tests.unit.core.test_session_credentials import KEYS, NOW, USERS, make
from tests.unit.core.test_users import OTHER, VERIFIER

ALICE = principal_of("alice", OTHER)
SESSION = principal_of(f"session:{make().id}")
ALL = frozenset(Right)


def test_a_user_has_the_present_role() -> None:
    for role in Role:
        users = user_table.set_role(USERS, "alice", role)
        for principal in (ALICE, SESSION):
            found = standing(principal, users, KEYS, NOW)
            assert (found.name, found.role) == ("alice", role)
            assert found.rights == OF_ROLE[role]
    assert standing(principal_of("admin", VERIFIER), USERS, KEYS, NOW).role is Role.ADMIN


def test_before_it_is_asked_a_user_may_do_nothing() -> None:
    assert ALICE.rights == SESSION.rights == principal_of("admin", VERIFIER).rights == frozenset()


@pytest.mark.parametrize(
    "users",
    [user_table.remove(USERS, "alice"), user_table.set_verifier(USERS, "alice", VERIFIER)],
)
@pytest.mark.parametrize("principal", [ALICE, SESSION])
def test_without_the_user_or_the_password_it_is_over(users: Users, principal: Principal) -> None:
    with pytest.raises(SessionEndedError):
        standing(principal, users, KEYS, NOW)


def test_a_session_is_over_when_it_expires_is_ended_or_has_no_key() -> None:
    made = make().id
    ended = end_sessions(USERS, "alice", {made.nonce: made.until}, NOW)
    for users, keys, now in ((USERS, KEYS, NOW + 60), (ended, KEYS, NOW), (USERS, None, NOW)):
        with pytest.raises(SessionEndedError):
            standing(SESSION, users, keys, now)
    assert standing(ALICE, ended, None, NOW + 60).role is Role.VIEWER


@pytest.mark.parametrize(
    "principal", [local_principal(0, "root"), local_principal(7, "mon"), principal_of("node:dir2")]
)
def test_nodes_and_local_processes_are_nobodys_users(principal: Principal) -> None:
    assert standing(principal, Users(), None, NOW) == principal


@pytest.mark.parametrize(
    ("principal", "rights"),
    [
        (local_principal(0, "root"), ALL - {Right.PEER}),
        (local_principal(7, "mon"), {Right.TELL_HEALTH}),
        (local_principal(7, "hacluster"), {Right.TELL_EVENTS}),
        (local_principal(7, "haclient"), {Right.TELL_EVENTS}),
        (local_principal(7, "plvsd"), set()),
        (local_principal(7, "root"), set()),
        (local_principal(7), set()),
        (principal_of("node:dir2"), {Right.PEER}),
        (principal_of("mon", OTHER), set()),
        (principal_of("root", OTHER), set()),
    ],
)
def test_what_accounts_and_nodes_may(principal: Principal, rights: set[Right]) -> None:
    assert principal.rights == rights


def test_a_login_by_a_key_asks_for_fewer_iterations() -> None:
    assert iterations_for("node:dir1") == iterations_for("session:x") == KEY_ITERATIONS
    assert iterations_for("admin") == iterations_for("nodes") == PASSWORD_ITERATIONS
