from __future__ import annotations

from lvsm.core import users as user_table
from lvsm.core.roles import Role
from lvsm.core.shared_users import merged, shared
from lvsm.core.users import end_sessions, seeded
from tests.unit.core.test_users import OTHER, VERIFIER

NONCE = "A" * 22


def test_what_is_shared_has_no_ended_sessions_and_merging_keeps_this_node_s() -> None:
    ours = end_sessions(seeded(VERIFIER), "admin", {NONCE: 100}, now=1.0)
    theirs = user_table.add(seeded(VERIFIER), "bob", Role.VIEWER, OTHER)
    assert NONCE not in shared(ours)
    both = merged(shared(theirs), ours)
    assert set(both.by_name) == {"admin", "bob"}
    assert both.by_name["admin"].ended == {NONCE: 100}
    assert shared(both) == shared(theirs)


def test_a_user_that_was_removed_is_not_brought_back_by_this_node_s_own() -> None:
    ours = user_table.add(seeded(VERIFIER), "bob", Role.VIEWER, OTHER)
    assert "bob" not in merged(shared(seeded(VERIFIER)), ours).by_name
