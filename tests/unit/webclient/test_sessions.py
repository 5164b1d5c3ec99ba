from __future__ import annotations

from dataclasses import dataclass

from lvsm.client import Client, Settings, Tcp
from webclient.nodes import Nodes
from webclient.sessions import MOST_OF_USER, Note, Session, Sessions
from webclient.settings import SessionLimits


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def session(user: str = "admin") -> Session:
    nodes = Nodes(Client(Settings(addresses=(Tcp("nowhere"),))))
    return Session(cluster="www", user=user, role="admin", nodes=nodes)


def table(clock: Clock) -> Sessions:
    return Sessions(SessionLimits(idle=600, longest=3600), clock)


def test_a_session_is_found_by_its_token_alone() -> None:
    sessions = table(Clock())
    token = sessions.begin(session())
    assert sessions.find(token, click=True) is not None
    assert sessions.find(token + "x", click=True) is None
    assert sessions.find("", click=True) is None
    assert sessions.find(None, click=True) is None
    assert token not in repr(vars(sessions))


def test_a_session_ends_without_a_click_however_often_its_page_looks() -> None:
    clock = Clock()
    sessions = table(clock)
    token = sessions.begin(session())
    for _ in range(59):
        clock.now += 10
        assert sessions.find(token, click=False) is not None
    clock.now += 10
    assert sessions.find(token, click=False) is None


def test_a_session_ends_at_last_however_often_somebody_clicks() -> None:
    clock = Clock()
    sessions = table(clock)
    token = sessions.begin(session())
    for _ in range(11):
        clock.now += 300
        assert sessions.find(token, click=True) is not None
    clock.now += 300
    assert sessions.find(token, click=True) is None
    assert len(sessions) == 0


def test_the_oldest_session_of_a_user_makes_place_and_nobody_elses() -> None:
    sessions = table(Clock())
    first, other = sessions.begin(session()), sessions.begin(session("vera"))
    for _ in range(MOST_OF_USER):
        sessions.begin(session())
    assert sessions.find(first, click=True) is None
    assert sessions.find(other, click=True) is not None


def test_an_ended_session_is_over() -> None:
    sessions = table(Clock())
    token = sessions.begin(session())
    sessions.end(token)
    sessions.end(token)
    assert sessions.find(token, click=True) is None


def test_notes_are_told_once() -> None:
    one = session()
    one.note(Note(level="done", text="so"))
    assert [note.text for note in one.take_notes()] == ["so"]
    assert one.take_notes() == []
