from __future__ import annotations

import asyncio
import json

import pytest

from lvsm.core import users as user_table
from lvsm.core.audit import Change, Stand
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.principal import Need, Principal, local_principal, principal_of
from lvsm.core.roles import Right, Role
from lvsm.core.session_actions import Request
from lvsm.core.users import User
from lvsm.daemon.accounts import Accounts
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.handlers import Handlers
from lvsm.daemon.requests import Verb
from lvsm.daemon.session_verbs import SessionVerbs
from lvsm.daemon.user_verbs import UserVerbs
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.clock import FakeClock
from tests.fakes.users import FakeUserStore
from tests.unit.core.test_users import OTHER, VERIFIER
from tests.unit.daemon.replies import FakeReply

ROOT = local_principal(0, "root")
ADMIN = principal_of("admin", VERIFIER)
ALICE = principal_of("alice", OTHER)
NEW = str(OTHER).replace("600000", "700000").encode()


class Node:
    """Handlers with the verbs of the users and sessions, and one verb for each right."""

    def __init__(self, key: bytes | None = b"k" * 32) -> None:
        self.clock = FakeClock()
        self.log = FakeAuditLog()
        users = user_table.add(user_table.seeded(VERIFIER), "alice", Role.VIEWER, OTHER)
        self.store = FakeUserStore(users)
        self.published = 0
        nonces = iter(range(1_000))
        self.accounts = Accounts(
            store=self.store,
            key=key,
            clock=self.clock,
            random=lambda count: next(nonces).to_bytes(count, "big"),
        )
        auditor = Auditor(
            node="dir1",
            audit_log=self.log,
            clock=self.clock,
            stand=lambda: Stand(epoch=1, number=4),
        )
        by_right = {right.upper(): Verb(_look, Need(right), "") for right in Right}
        self.handlers = Handlers(
            (
                UserVerbs(self.accounts).table(),
                SessionVerbs(self.accounts, self._publish).table(),
                by_right,
            ),
            auditor,
            standing=self.accounts.standing,
        )

    def _publish(self) -> None:
        self.published += 1

    async def ask(
        self,
        who: Principal,
        verb: str,
        *args: str,
        literal: bytes | None = None,
        **options: str,
    ) -> FakeReply:
        reply = FakeReply()
        request = Request(
            principal=who,
            origin="127.0.0.1:7",
            verb=verb,
            args=args,
            options={name.replace("_", "-"): value for name, value in options.items()},
            literal=literal,
        )
        try:
            await self.handlers(request, reply)
        except LvsmError as error:
            reply.error(error.code, error.message)
        assert reply.end is not None
        return reply

    async def code(
        self,
        who: Principal,
        verb: str,
        *args: str,
        literal: bytes | None = None,
        **options: str,
    ) -> str:
        reply = await self.ask(who, verb, *args, literal=literal, **options)
        assert reply.end is not None
        return reply.end[0]

    def user(self, name: str) -> User:
        return self.store.users.by_name[name]


async def _look(_request: Request, _reply: Reply) -> str:
    return "seen"


async def test_an_admin_adds_changes_and_removes_users() -> None:
    node = Node()
    added = await node.ask(ADMIN, "USER ADD", "bob", role="operator", literal=NEW)
    assert added.end == ("ok", "bob was added")
    assert added.items == [
        {"name": "bob", "role": "operator", "has_password": True, "changed": True}
    ]
    assert str(node.user("bob").verifier).encode() == NEW
    assert await node.code(ADMIN, "USER SET", "bob", role="viewer") == "ok"
    assert node.user("bob").role is Role.VIEWER
    listed = await node.ask(ADMIN, "USER LIST")
    assert [user["name"] for user in listed.items] == ["admin", "alice", "bob"]
    assert "SCRAM" not in json.dumps(listed.items)
    assert await node.code(ADMIN, "USER REMOVE", "bob") == "ok"
    assert "bob" not in node.store.users.by_name


@pytest.mark.parametrize(
    ("verb", "args", "options", "literal"),
    [
        ("USER ADD", ["bob"], {"role": "admin"}, NEW),
        ("USER SET", ["alice"], {"role": "admin"}, None),
        ("USER REMOVE", ["alice"], {}, None),
        ("PASSWD", ["alice"], {}, NEW),
    ],
)
async def test_a_dry_run_says_so_and_changes_nothing(
    verb: str, args: list[str], options: dict[str, str], literal: bytes | None
) -> None:
    node = Node()
    before = node.store.users
    reply = await node.ask(ADMIN, verb, *args, literal=literal, dry_run="yes", **options)
    assert reply.end is not None
    assert reply.end[0] == "ok"
    assert "would be" in reply.end[1]
    assert reply.items[0]["changed"] is False
    assert node.store.users is before


@pytest.mark.parametrize(
    ("verb", "args", "options", "literal", "code"),
    [
        ("USER ADD", ["bob"], {}, NEW, "bad-request"),
        ("USER ADD", ["bob"], {"role": "king"}, NEW, "bad-request"),
        ("USER ADD", ["bob"], {"role": "admin"}, None, "bad-request"),
        ("USER ADD", ["bob"], {"role": "admin", "verifier": "x"}, NEW, "bad-request"),
        ("USER ADD", ["Bob"], {"role": "admin"}, NEW, "bad-name"),
        ("USER ADD", ["alice"], {"role": "admin"}, NEW, "user-exists"),
        ("USER ADD", ["bob"], {"role": "admin"}, b"hunter2", "bad-verifier"),
        ("USER ADD", ["bob"], {"role": "admin"}, NEW.replace(b"700000", b"5000"), "weak-verifier"),
        ("USER SET", ["admin"], {"role": "viewer"}, None, "admin-stays"),
        ("USER SET", ["bob"], {"role": "viewer"}, None, "unknown-name"),
        ("USER SET", ["alice"], {"role": "viewer", "dry_run": "maybe"}, None, "bad-request"),
        ("USER REMOVE", ["admin"], {}, None, "admin-stays"),
        ("USER REMOVE", [], {}, None, "bad-request"),
        ("PASSWD", ["bob"], {}, NEW, "unknown-name"),
        ("PASSWD", [], {}, b"hunter2", "bad-verifier"),
        ("USER LIST", [], {"since": "1"}, None, "bad-request"),
    ],
)
async def test_what_cannot_be_done_has_its_code_and_changes_nothing(
    verb: str, args: list[str], options: dict[str, str], literal: bytes | None, code: str
) -> None:
    node = Node()
    before = node.store.users
    reply = await node.ask(ADMIN, verb, *args, literal=literal, **options)
    assert reply.end is not None
    assert reply.end[0] == code
    assert "hunter2" not in reply.end[1]
    assert node.store.users is before


async def test_anybody_changes_the_own_password_and_admins_every_one() -> None:
    node = Node()
    assert await node.code(ALICE, "PASSWD", "admin", literal=NEW) == "forbidden"
    assert node.user("admin").verifier == VERIFIER
    assert await node.code(ROOT, "PASSWD", literal=NEW) == "bad-request"
    assert await node.code(ALICE, "PASSWD", literal=NEW) == "ok"
    assert str(node.user("alice").verifier).encode() == NEW
    assert await node.code(ALICE, "PASSWD", literal=NEW) == "session-ended"
    again = principal_of("alice", node.user("alice").verifier)
    assert await node.code(again, "PASSWD", "alice", literal=str(OTHER).encode()) == "ok"
    assert await node.code(ROOT, "PASSWD", "admin", literal=NEW) == "ok"
    assert str(node.user("admin").verifier).encode() == NEW


LOOKS = ["VIEW", "OPERATE", "ADMINISTER", "TELL EVENTS", "TELL HEALTH", "BE HEARTBEAT", "BE A NODE"]


@pytest.mark.parametrize(
    ("who", "role", "may"),
    [
        (ALICE, Role.VIEWER, LOOKS[:1]),
        (ALICE, Role.OPERATOR, LOOKS[:2]),
        (ALICE, Role.ADMIN, LOOKS[:3]),
        (ADMIN, Role.VIEWER, LOOKS[:3]),
        (ROOT, Role.VIEWER, LOOKS[:6]),
        (local_principal(7, "mon"), Role.VIEWER, ["TELL HEALTH"]),
        (local_principal(7, "hacluster"), Role.VIEWER, ["TELL EVENTS"]),
        (local_principal(7), Role.VIEWER, []),
        (principal_of("node:dir2"), Role.VIEWER, ["BE A NODE"]),
    ],
)
async def test_each_may_what_its_role_allows_and_no_more(
    who: Principal, role: Role, may: list[str]
) -> None:
    node = Node()
    node.store.users = user_table.set_role(node.store.users, "alice", role)
    may_do = [verb for verb in LOOKS if await node.code(who, verb) == "ok"]
    assert may_do == may
    refused = {await node.code(who, verb) for verb in LOOKS if verb not in may}
    assert refused == {"forbidden"}


async def test_a_refusal_says_which_role_is_needed() -> None:
    reply = await Node().ask(ALICE, "OPERATE")
    assert reply.end == (
        "forbidden",
        "alice (role viewer) may not use OPERATE: it is for the role operator or admin",
    )
    reply = await Node().ask(local_principal(1000), "USER LIST")
    assert reply.end == (
        "forbidden",
        "uid:1000 may not use USER LIST: it is for the role admin",
    )


async def test_changes_and_refusals_are_recorded_without_a_verifier() -> None:
    node = Node()
    await node.ask(ADMIN, "USER ADD", "bob", role="viewer", literal=NEW, verifier=NEW.decode())
    await node.ask(ADMIN, "USER ADD", "bob", role="viewer", literal=NEW)
    await node.ask(ALICE, "USER REMOVE", "bob")
    await node.ask(ADMIN, "PASSWD", "bob", literal=NEW)
    found = [record for record in node.log.records if isinstance(record, Change)]
    assert [(r.verb, r.args, r.options, r.result, r.who.role) for r in found] == [
        ("USER ADD", ("bob",), {"role": "viewer"}, "bad-request", "admin"),
        ("USER ADD", ("bob",), {"role": "viewer"}, "ok", "admin"),
        ("USER REMOVE", ("bob",), {}, "forbidden", "viewer"),
        ("PASSWD", ("bob",), {}, "ok", "admin"),
    ]
    assert "SCRAM" not in repr(found)


async def test_a_disk_that_refuses_is_told_and_nothing_is_changed() -> None:
    node = Node()
    node.store.trouble = OSError(28, "No space left on device")
    assert await node.code(ADMIN, "USER REMOVE", "alice") == "os-error"
    assert await node.code(ALICE, "VIEW") == "ok"


async def test_two_changes_at_once_are_both_made() -> None:
    node = Node()
    await asyncio.gather(
        *(
            node.ask(ADMIN, "USER ADD", f"u{number}", role="viewer", literal=NEW)
            for number in range(10)
        )
    )
    assert len(node.store.users.by_name) == 12
    assert node.store.users.number == 11
