"""Events and records as lines for people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.cli.output import Output
from lvsm.cli.telling import line, local_time
from lvsm.core import audit
from lvsm.core.audit import Change, LoginRefused, MoreRefused, Stand, Who, document
from lvsm.core.events import ALL

PLAIN = Output()
HEAD: dict[str, Any] = {"at": 1_764_064_800.0, "node": "dir1"}
CHANGE = Change(
    seq=7,
    time="2025-11-25T10:00:00.000Z",
    at=1_764_064_800.0,
    node="dir1",
    who=Who(name="admin", kind="admin"),
    origin="192.0.2.1:5000",
    verb="CONFIG SAVE",
    args=(),
    options={"comment": "add web"},
    hidden=1,
    before=Stand(epoch=1, number=3),
    after=Stand(epoch=1, number=4),
    result="ok",
)


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_times_are_those_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    assert local_time(1_764_064_800.9) == "2025-11-25 10:00:00"
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    assert local_time(1_764_064_800.9) == "2025-11-25 11:00:00"


def test_a_change_says_who_what_and_how_it_ended() -> None:
    assert line(document(CHANGE), PLAIN) == (
        "2025-11-25 10:00:00  dir1  admin (192.0.2.1:5000):"
        ' CONFIG SAVE comment="add web" …: ok, generation 3 -> 4'
    )


def test_refused_logins() -> None:
    when: dict[str, Any] = {"seq": 1, "time": CHANGE.time, "at": CHANGE.at, "node": "dir1"}
    one = LoginRefused(name="bob", origin="192.0.2.9", **when)
    assert line(document(one), PLAIN).endswith("dir1  login refused: bob from 192.0.2.9")
    more = MoreRefused(count=12, origins=2, uncounted=False, some=("192.0.2.9", "::1"), **when)
    assert line(document(more), PLAIN).endswith("12 more refused, from 2 addresses: 192.0.2.9, ::1")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            {
                "event": "status",
                "status": {"cluster": "www", "state": "OK", "sentence": "OK. Fine."},
            },
            "www: OK. Fine.",
        ),
        (
            {"event": "generation", "generation": 0, "author": "", "saved_on": "", "comment": ""},
            "no configuration has been saved yet",
        ),
        (
            {
                "event": "generation",
                "generation": 4,
                "author": "admin",
                "saved_on": "dir1",
                "comment": "add web",
            },
            'generation 4, saved by admin on dir1: "add web"',
        ),
        (
            {
                "event": "health",
                "realservers": [
                    {"vip": "web", "realserver": "rs1", "state": "up", "reason": ""},
                    {"vip": "web", "realserver": "rs2", "state": "down", "reason": "timeout"},
                ],
            },
            "realservers: 1 down, 1 up\n  rs2 in web: down (timeout)",
        ),
        ({"event": "health", "realservers": []}, "no realservers"),
        (
            {
                "event": "realserver",
                "vip": "web",
                "realserver": "rs1",
                "was": None,
                "state": "up",
                "reason": "",
            },
            "rs1 in web: not there -> up",
        ),
        ({"event": "group-taken", "text": "took web: first"}, "took web: first"),
        (
            {"event": "of the future", "x": 1},
            json.dumps({**HEAD, "event": "of the future", "x": 1}),
        ),
        ({"event": "status"}, json.dumps({**HEAD, "event": "status"})),
    ],
)
def test_events(event: dict[str, Any], text: str) -> None:
    assert line({**HEAD, **event}, PLAIN) == f"2025-11-25 10:00:00  dir1  {text}"


def test_a_resync_is_said() -> None:
    assert "may be missing" in line({"event": "resync"}, PLAIN)


def test_colours_only_repeat_words() -> None:
    assert "\x1b[32mok\x1b[0m" in line(document(CHANGE), Output(color=True))


def test_all_that_can_happen_has_a_sentence_and_no_json() -> None:
    for kind in ALL:
        fields = dict.fromkeys(kind.__dataclass_fields__, "x")
        event = {**HEAD, "event": kind.code, **fields, "text": "a sentence"}
        assert "{" not in line(event, PLAIN)


@given(
    st.dictionaries(
        st.sampled_from(
            ["event", "at", "node", "text", "status", "args", "options", "state", "who"]
        ),
        st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2),
    )
)
def test_no_event_is_too_strange(event: dict[str, Any]) -> None:
    assert line({**event, "at": None}, PLAIN)


def test_every_kind_of_record_is_known() -> None:
    from lvsm.cli.telling import _TELLERS

    tags = {kind.__struct_config__.tag for kind in (Change, LoginRefused, MoreRefused)}
    assert tags <= _TELLERS.keys()
    assert set(audit.AnyRecord.__args__) == {Change, LoginRefused, MoreRefused}
