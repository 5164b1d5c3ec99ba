from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import scram
from lvsm.core.admission import Limits
from lvsm.core.allowance import Allowance
from lvsm.core.principal import Principal, local_principal
from lvsm.core.responses import Greeting
from lvsm.core.server_login import ServerLogin
from lvsm.core.session import Session
from lvsm.core.session_actions import (
    Action,
    Close,
    Deliver,
    LoggedIn,
    Pause,
    Request,
    Resume,
    Send,
    Settle,
    Wait,
)
from lvsm.core.session_table import LOGIN_VERBS, State, listed
from lvsm.core.session_turns import TURN, TURN_BYTES

BINDING = b"b" * 32
FEW = scram.KEY_ITERATIONS
LIMITS = Limits(pipelined=3, login_seconds=10, idle_seconds=100, literal=1000)
VERBS = {"STATUS": "", "CONFIG SAVE": "", **LOGIN_VERBS}
ROOT = local_principal(0, "root")


KNOWN = {
    "admin": scram.make_verifier("pencil", b"s" * 16, FEW),
    "node:dir2": scram.make_verifier("key", b"t" * 16, FEW),
    "anna": scram.make_verifier("pencil", b"u" * 16, FEW),
    "session:anna:1:n:s": scram.make_verifier("secret", b"v" * 16, FEW),
}


class Keys:
    def lookup(self, name: str) -> scram.Verifier | None:
        return KNOWN.get(name)


def stranger(limits: Limits = LIMITS) -> Session:
    login = ServerLogin(nonce="s" * 24, binding=BINDING, verifiers=Keys(), secret=b"secret")
    return begin(limits, login, None)


def local(limits: Limits = LIMITS) -> Session:
    return begin(limits, None, ROOT)


def begin(
    limits: Limits,
    login: ServerLogin | None,
    principal: Principal | None,
    allowance: Allowance | None = None,
) -> Session:
    session = Session(
        greeting=Greeting(node="dir1", software="2.0.0"),
        verbs=VERBS,
        listing=listed(VERBS),
        origin="here",
        limits=limits,
        login=login,
        principal=principal,
        allowance=allowance,
    )
    assert lines(session.start(0.0)) == ["LVSM 1 dir1 2.0.0"]
    return session


def lines(actions: list[Action]) -> list[str]:
    data = b"".join(action.data for action in actions if isinstance(action, Send))
    return data.decode().splitlines()


def kinds(actions: list[Action]) -> list[type]:
    return [type(action) for action in actions]


def delivered(actions: list[Action]) -> list[Request]:
    return [action.request for action in actions if isinstance(action, Deliver)]


def log_in(session: Session, user: str, password: str, now: float = 1.0) -> list[Action]:
    client = scram.Client(user=user, password=password, nonce="c" * 24, binding=BINDING, least=FEW)
    first = b"AUTH SCRAM-SHA-256-PLUS " + b64encode(client.first()) + b"\n"
    (challenge,) = lines(session.receive(first, now))
    mark, _, text = challenge.partition(" ")
    assert mark == "+"
    return session.receive(b64encode(client.final(b64decode(text))) + b"\n", now)


def test_a_session_is_the_user_whom_it_stands_for() -> None:
    session = stranger()
    assert Settle("session:anna:1:n:s", accepted=True) in log_in(
        session, "session:anna:1:n:s", "secret"
    )
    told = session.settled(1.0)
    assert lines(told)[1] == "OK 0 logged in as anna"
    (who,) = [action.principal for action in told if isinstance(action, LoggedIn)]
    assert (who.name, who.kind, who.session) == ("anna", "user", "anna:1:n:s")


def test_who_may_stay_no_longer_hears_why_and_is_closed() -> None:
    session = stranger()
    log_in(session, "anna", "pencil")
    assert session.dismiss("session-ended", "before the login was decided") == []
    session.settled(1.0)
    told = session.dismiss("session-ended", "log in again")
    assert lines(told) == ['ERR session-ended "log in again"']
    assert Close("session-ended") in told
    assert session.state is State.CLOSED


@pytest.mark.parametrize(
    ("user", "password", "principal"),
    [
        ("admin", "pencil", Principal(name="admin", kind="admin", proved=KNOWN["admin"])),
        ("anna", "pencil", Principal(name="anna", kind="user", proved=KNOWN["anna"])),
        ("node:dir2", "key", Principal(name="dir2", kind="node")),
    ],
)
def test_a_login_makes_a_principal(user: str, password: str, principal: Principal) -> None:
    session = stranger()
    assert Settle(user, accepted=True) in log_in(session, user, password)
    told = session.settled(1.0)
    proof, welcome = lines(told)
    assert proof.startswith("+ ")
    assert welcome == f"OK 0 logged in as {user}"
    assert LoggedIn(principal) in told
    (request,) = delivered(session.receive(b"STATUS now a=1\n", 2.0))
    assert request == Request(
        principal=principal, origin="here", verb="STATUS", args=("now",), options={"a": "1"}
    )


def test_a_wrong_password_an_unknown_user_and_nonsense_end_alike() -> None:
    ends = []
    for user, password in (("admin", "Pencil"), ("nobody", "pencil"), ("node:dir9", "key")):
        session = stranger()
        assert Settle(user, accepted=False) in log_in(session, user, password)
        actions = session.settled(9.0)
        ends.append((lines(actions), kinds(actions), session.state))
        assert session.receive(b"STATUS\n", 9.0) == []
    session = stranger()
    first = b64encode(b"p=tls-server-end-point,,n=admin,r=" + b"c" * 24)
    session.receive(b"AUTH SCRAM-SHA-256-PLUS " + first + b"\nnonsense\n", 1.0)
    actions = session.settled(9.0)
    ends.append((lines(actions), kinds(actions), session.state))
    assert ends[0][0] == ['ERR auth-failed "the user or the password is wrong"']
    assert ends == [ends[0]] * 4


def test_what_is_sent_ahead_of_a_decision_waits_for_it() -> None:
    session = stranger()
    actions = log_in(session, "admin", "pencil")
    assert kinds(actions)[-1] is Pause
    assert session.receive(b"STATUS\n", 1.0) == []
    actions = session.settled(2.0)
    assert [request.verb for request in delivered(actions)] == ["STATUS"]
    assert kinds(actions)[-1] is Resume


@pytest.mark.parametrize("line", ["STATUS", "CONFIG SAVE", "NONSENSE"])
def test_a_stranger_may_do_nothing(line: str) -> None:
    actions = stranger().receive(f"{line}\n".encode(), 1.0)
    assert delivered(actions) == []
    assert lines(actions)[0].startswith("ERR login-required")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\n",
        b"\xff\n",
        b"a" * 9000,
        b"CONFIG SAVE bytes=3\n",
        b"NOOP bytes=3\n",
        b"AUTH PLAIN AGFkbWlu\n",
        b"AUTH SCRAM-SHA-256 biws\n",
        b"AUTH SCRAM-SHA-256-PLUS ****\n",
        b"AUTH\n",
        b"NOOP\n" * 20,
        b"STATUS\n" * 20,
    ],
)
def test_a_stranger_who_talks_nonsense_is_sent_away(data: bytes) -> None:
    session = stranger()
    actions = session.receive(data, 1.0)
    assert delivered(actions) == []
    assert session.state is State.CLOSED or b"GET" in data
    if b"GET" in data:  # it might have been a verb
        actions = session.receive(b"Host: dir1\r\n", 1.0)
    assert any(isinstance(action, Close) for action in actions)
    assert lines(actions)[-1].startswith(("ERR", "OK"))


def test_help_noop_and_quit_need_no_login() -> None:
    session = stranger()
    assert len(lines(session.receive(b"HELP\n", 1.0))) == 5
    assert lines(session.receive(b"noop\r\n", 1.0)) == ["OK 0 nothing done"]
    actions = session.receive(b"QUIT\nNOOP\n", 1.0)
    assert lines(actions) == ["OK 0 good bye"]
    assert actions[-1] == Close("quit")


def test_answers_keep_the_order_of_the_requests() -> None:
    session = local()
    actions = session.receive(b"STATUS 1\nNOOP\nSTATUS 2\n", 1.0)
    assert lines(actions) == []
    assert [request.args for request in delivered(actions)] == [("1",)]
    actions = session.answered(2.0)
    assert lines(actions) == ["OK 0 nothing done"]
    assert [request.args for request in delivered(actions)] == [("2",)]


def test_what_is_sent_ahead_is_bounded() -> None:
    session = local()
    actions = session.receive(b"".join(b"STATUS %d\n" % n for n in range(10)), 1.0)
    assert kinds(actions) == [Deliver, Pause]
    seen = delivered(actions)
    for _ in range(10):
        seen += delivered(session.answered(2.0))
    assert [request.args for request in seen] == [(str(n),) for n in range(10)]
    assert session.receive(b"NOOP\n", 3.0) != []


def test_who_asks_more_often_than_allowed_waits_and_loses_nothing() -> None:
    session = local(replace(LIMITS, requests_per_second=2.0, requests_at_once=1, pipelined=9))
    actions = session.receive(b"STATUS 1\nNOOP\nSTATUS 2\n", 1.0)
    assert [request.args for request in delivered(actions)] == [("1",)]
    assert kinds(session.answered(1.1)) == [Wait]
    assert session.receive(b"STATUS 3\n", 1.1) == []
    assert session.ended(1.2) == []
    assert kinds(session.rested(1.5)) == [Send, Wait]
    actions = session.rested(2.0)
    assert [request.args for request in delivered(actions)] == [("2",)]
    assert kinds(session.answered(2.1)) == [Wait]
    assert [request.args for request in delivered(session.rested(2.6))] == [("3",)]
    assert kinds(session.answered(2.6))[-1] is Close


@pytest.mark.parametrize("line", [b"\n", b"NOOP\n", b"HELP\n", b"FROBNICATE\n"])
def test_lines_sent_ahead_leave_others_their_turns_and_are_all_taken(line: bytes) -> None:
    """256 KiB of HELP kept a node's event loop for minutes, and 280 MB of answers in memory."""
    session = local(replace(LIMITS, pipelined=1_000, requests_at_once=1_000))
    actions = session.receive(line * 200 + b"STATUS\n", 1.0)
    turns = 1
    while not delivered(actions):
        assert Wait in kinds(actions)
        actions = session.rested(1.0)
        turns += 1
    assert turns == 200 // TURN + 1


def test_long_answers_leave_others_their_turns_too() -> None:
    many = {**VERBS, **{f"VERB{n}": "x" * 100 for n in range(200)}}
    session = Session(
        greeting=Greeting(node="dir1", software="2.0.0"),
        verbs=many,
        listing=listed(many),
        origin="here",
        limits=replace(LIMITS, pipelined=1_000, requests_at_once=1_000),
        principal=ROOT,
    )
    session.start(0.0)
    actions = session.receive(b"HELP\n" * 40 + b"STATUS\n", 1.0)
    answers = 0
    while not delivered(actions):
        said = sum(len(action.data) for action in actions if isinstance(action, Send))
        assert said < TURN_BYTES + len(listed(many).render()) + 2
        answers += sum(line.startswith("OK") for line in lines(actions))
        actions = session.rested(1.0)
    assert answers + sum(line.startswith("OK") for line in lines(actions)) == 40


def test_help_counts_as_one_request_before_the_login() -> None:
    session = stranger(replace(LIMITS, requests_before_login=2))
    assert kinds(session.receive(b"HELP\n" * 2, 1.0)) == [Send, Send]
    assert Close("too many requests before login") in session.receive(b"HELP\n", 1.0)


def test_what_is_left_for_the_next_turn_is_taken_after_an_answer_too() -> None:
    session = local(replace(LIMITS, pipelined=1_000))
    actions = session.receive(b"STATUS\n" + b"\n" * 200 + b"STATUS\n", 1.0)
    assert kinds(actions) == [Deliver, Pause]
    seen = delivered(actions)
    actions = session.answered(1.0)
    while Wait in kinds(actions):
        actions = session.rested(1.0)
    assert len(seen + delivered(actions)) == 2


def test_a_shared_allowance_counts_the_requests_of_all() -> None:
    limits = replace(LIMITS, requests_per_second=1.0, requests_at_once=2)
    shared = limits.allowance()
    first, second = (begin(limits, None, ROOT, shared) for _ in range(2))
    for session in (first, second):
        assert kinds(session.receive(b"STATUS\n", 1.0)) == [Deliver]
        session.answered(1.0)
    assert kinds(first.receive(b"STATUS\n", 1.0)) == [Wait]


def test_a_literal_follows_its_line() -> None:
    session = local()
    assert session.receive(b"CONFIG SAVE bytes=7\nQUIT\nab", 1.0) == [
        Deliver(Request(principal=ROOT, origin="here", verb="CONFIG SAVE", literal=b"QUIT\nab"))
    ]


def test_the_literal_of_an_unknown_verb_is_not_taken_for_requests() -> None:
    actions = local().receive(b"CONFG SAVE bytes=5\nQUIT\nNOOP\n", 1.0)
    assert [line.split()[:2] for line in lines(actions)] == [["ERR", "unknown-verb"], ["OK", "0"]]


def test_a_malformed_line_is_told_and_one_that_might_announce_a_literal_ends_it() -> None:
    session = local()
    assert lines(session.receive(b'STATUS "\n', 1.0))[0].startswith("ERR bad-request")
    assert lines(session.receive(b"NOOP\n", 1.0)) == ["OK 0 nothing done"]
    actions = session.receive(b'STATUS " bytes=5\nQUIT\n', 1.0)
    assert len(lines(actions)) == 1
    assert session.state is State.CLOSED


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"CONFIG SAVE bytes=1001\n", "literal-too-large"),
        (b"a" * 70_000, "line-too-long"),
        (b"\0\n", "bad-line"),
    ],
)
def test_limits_end_the_connection_after_what_was_asked_before(data: bytes, code: str) -> None:
    session = local()
    actions = session.receive(b"STATUS\n" + data, 1.0)
    assert (lines(actions), len(delivered(actions))) == ([], 1)
    actions = session.answered(2.0)
    assert lines(actions)[0].startswith(f"ERR {code} ")
    assert actions[-1] == Close(code)


def test_a_line_may_be_longer_after_the_login() -> None:
    assert delivered(local().receive(b"STATUS " + b"a" * 60_000 + b"\n", 1.0))
    assert not delivered(stranger().receive(b"STATUS " + b"a" * 60_000 + b"\n", 1.0))


def test_times() -> None:
    session = stranger()
    session.receive(b"NOOP\n", 9.0)
    assert session.tick(9.9) == []
    assert lines(session.tick(10.0))[0].startswith("ERR timeout")
    session = local()
    assert session.tick(99.9) == []
    session.receive(b"STATUS\n", 99.9)
    assert session.tick(1000.0) == []
    session.answered(1000.0)
    assert session.tick(1099.0) == []
    assert session.tick(1101.0, busy=True) == []
    assert kinds(session.tick(1101.0)) == [Send, Close]


def test_after_the_end_of_input_the_answers_still_go_out() -> None:
    session = local()
    session.receive(b"STATUS 1\nSTATUS 2\n", 1.0)
    assert session.ended(1.0) == []
    assert kinds(session.answered(1.0)) == [Deliver]
    assert kinds(session.answered(1.0)) == [Close]
    assert kinds(local().ended(1.0)) == [Close]


@given(st.binary(max_size=300), st.booleans())
def test_junk_never_raises_and_never_becomes_a_request_of_a_stranger(
    junk: bytes, known: bool
) -> None:
    session = local() if known else stranger()
    actions = session.receive(junk, 1.0)
    for _ in range(20):
        actions += [*session.answered(1.0), *session.settled(1.0), *session.tick(1.0)]
    assert known or not delivered(actions)
