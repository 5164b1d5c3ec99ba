import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.errors import LvsmError
from lvsm.core.principal import Principal, local_principal, principal_of
from lvsm.core.users import MOST_ENDED, is_ended
from lvsm.daemon.accounts import ended_sessions
from tests.unit.core.test_users import VERIFIER
from tests.unit.daemon.test_user_verbs import ADMIN, ALICE, NEW, ROOT, Node

DIR2 = principal_of("node:dir2")


async def begin(node: Node, who: Principal = ALICE, seconds: str = "1800") -> Principal:
    """Somebody with a session."""
    reply = await node.ask(who, "SESSION NEW", seconds=seconds)
    assert reply.end is not None
    assert reply.end[0] == "ok", reply.end
    return principal_of(f"session:{reply.items[0]['id']}")


async def test_a_session_has_an_id_a_secret_and_an_end() -> None:
    node = Node()
    reply = await node.ask(ALICE, "SESSION NEW", seconds="60")
    (item,) = reply.items
    assert item.keys() == {"id", "secret", "expires", "user", "role"}
    assert item["expires"] == "2001-09-09T01:47:40.000Z"
    assert len(item["secret"]) == 64
    assert item["secret"] not in repr(node.log.records)


async def test_it_may_what_the_user_may_until_its_time() -> None:
    node = Node()
    session = await begin(node, seconds="60")
    assert await node.code(session, "VIEW") == "ok"
    assert await node.code(session, "ADMINISTER") == "forbidden"
    assert await node.code(ADMIN, "USER SET", "alice", role="admin") == "ok"
    assert await node.code(session, "ADMINISTER") == "ok"
    node.clock.pass_by(60)
    assert await node.code(session, "VIEW") == "session-ended"


async def test_without_a_wish_it_lasts_half_an_hour() -> None:
    node = Node()
    reply = await node.ask(ALICE, "SESSION NEW")
    session = principal_of(f"session:{reply.items[0]['id']}")
    node.clock.pass_by(1799)
    assert await node.code(session, "VIEW") == "ok"
    node.clock.pass_by(1)
    assert await node.code(session, "VIEW") == "session-ended"


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (ROOT, "forbidden"),
        (local_principal(7, "mon"), "forbidden"),
        (DIR2, "forbidden"),
        (principal_of("bob"), "session-ended"),
    ],
)
async def test_only_users_get_one(who: Principal, code: str) -> None:
    assert await Node().code(who, "SESSION NEW") == code


async def test_a_session_begins_no_other() -> None:
    node = Node()
    assert await node.code(await begin(node), "SESSION NEW") == "forbidden"


@pytest.mark.parametrize("seconds", ["0", "43201", "x", "-1"])
async def test_it_is_not_for_ever(seconds: str) -> None:
    assert await Node().code(ALICE, "SESSION NEW", seconds=seconds) == "bad-request"


async def test_without_a_cluster_key_there_is_none() -> None:
    node = Node(key=None)
    assert await node.code(ALICE, "SESSION NEW") == "no-cluster-key"
    assert await node.code(ALICE, "SESSION END", "x") == "no-cluster-key"


async def test_who_ends_it_is_out_and_the_others_hear_of_it() -> None:
    node = Node()
    session, other = await begin(node), await begin(node)
    assert await node.code(session, "SESSION END") == "ok"
    assert node.published == 1
    assert await node.code(session, "VIEW") == "session-ended"
    assert await node.code(other, "VIEW") == "ok"
    assert await node.code(ALICE, "VIEW") == "ok"
    assert await node.code(ALICE, "SESSION END") == "bad-request"


async def test_one_ends_ones_own_and_an_admin_every_one() -> None:
    node = Node()
    mine, admins = await begin(node), await begin(node, ADMIN)
    assert await node.code(ALICE, "SESSION END", admins.session) == "forbidden"
    assert await node.code(ADMIN, "VIEW") == "ok"
    assert await node.code(ALICE, "SESSION END", f"session:{mine.session}") == "ok"
    assert await node.code(mine, "VIEW") == "session-ended"
    third = await begin(node)
    assert await node.code(ROOT, "SESSION END", third.session) == "ok"
    assert await node.code(third, "VIEW") == "session-ended"
    assert await node.code(ROOT, "SESSION END", third.session + "x") == "unknown-session"


async def test_a_new_password_and_removal_end_it() -> None:
    node = Node()
    first = await begin(node)
    assert await node.code(ADMIN, "PASSWD", "alice", literal=NEW) == "ok"
    assert await node.code(first, "VIEW") == "session-ended"
    second = await begin(node, principal_of("alice", node.user("alice").verifier))
    assert await node.code(second, "VIEW") == "ok"
    assert await node.code(ADMIN, "USER REMOVE", "alice") == "ok"
    assert await node.code(second, "VIEW") == "session-ended"


async def test_what_ended_here_is_ended_on_the_other_node_too() -> None:
    here, there = Node(), Node()
    session = await begin(here)
    assert await there.code(session, "VIEW") == "ok"
    assert here.accounts.ended() == b"[]"
    await here.ask(session, "SESSION END")
    assert await there.code(DIR2, "PEER SESSIONS", literal=here.accounts.ended()) == "ok"
    assert await there.code(session, "VIEW") == "session-ended"
    assert there.accounts.ended() == here.accounts.ended()
    written = there.store.written
    await there.ask(DIR2, "PEER SESSIONS", literal=here.accounts.ended())
    assert there.store.written == written
    here.clock.pass_by(1800)
    assert here.accounts.ended() == b"[]"


async def test_what_a_node_had_to_forget_is_ended_on_the_other_too() -> None:
    here, there = Node(), Node()
    sessions = [await begin(here, seconds=str(60 + number)) for number in range(MOST_ENDED + 6)]
    for session in sessions:
        await here.ask(session, "SESSION END")
    await there.ask(DIR2, "PEER SESSIONS", literal=here.accounts.ended())
    for session in sessions:
        assert await there.code(session, "VIEW") == "session-ended"
    later = await begin(here, seconds="1000")
    assert await there.code(later, "VIEW") == "ok"


@pytest.mark.parametrize(
    "literal",
    [
        b"",
        b"{}",
        b"\xff",
        b'[{"user": "alice"}]',
        b'[{"user": "alice", "floor": -1, "ended": {}}]',
        b'[{"user": "alice", "floor": 0, "ended": {"x": 1}}]',
        b'[{"user": "alice", "floor": 0, "ended": {"nnnnnnnnnnnnnnnnnnnnnn": 1e99}}]',
        b'[{"user": "alice", "floor": 0, "ended": {}, "more": 1}]',
    ],
)
async def test_what_no_node_says_is_refused(literal: bytes) -> None:
    assert await Node().code(DIR2, "PEER SESSIONS", literal=literal) == "bad-request"


@given(st.binary(max_size=100))
def test_junk_is_refused(data: bytes) -> None:
    code = "bad-request"
    try:
        assert ended_sessions(data) == []
    except LvsmError as error:
        code = error.code
    assert code == "bad-request"


async def test_users_may_not_speak_for_nodes() -> None:
    node = Node()
    sent = json.dumps([{"user": "admin", "floor": 2_000_000_000, "ended": {}}]).encode()
    for who in (ADMIN, ROOT, ALICE):
        assert await node.code(who, "PEER SESSIONS", literal=sent) == "forbidden"
    assert not is_ended(node.user("admin"), "n" * 22, 2_000_000_000)
    assert node.user("admin").verifier == VERIFIER


async def test_people_can_still_look_when_nothing_can_be_recorded() -> None:
    node = Node()
    node.log.trouble = "the disk is full"
    session = await begin(node)
    assert await node.code(session, "VIEW") == "ok"
    assert await node.code(session, "SESSION END") == "audit-failed"
    assert await node.code(session, "VIEW") == "ok"
