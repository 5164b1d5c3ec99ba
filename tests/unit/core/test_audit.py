from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.audit import (
    LONGEST_LINE,
    SHOWN,
    AnyRecord,
    BadRecordError,
    Change,
    LoginRefused,
    MoreRefused,
    Shown,
    Stand,
    Who,
    bounded,
    change,
    document,
    login_refused,
    parse,
    render,
)
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request

SECRET = "hunter2-"
words = st.text(max_size=20)
head = {
    "seq": st.integers(0, 2**53),
    "time": words,
    "at": st.floats(0, 1e10),
    "node": words,
}
stands = st.builds(Stand, epoch=st.integers(0, 9), number=st.integers(0, 2**31))
records: st.SearchStrategy[AnyRecord] = st.one_of(
    st.builds(
        Change,
        **head,
        who=st.builds(
            Who, name=words, kind=words, role=words, uid=st.none() | st.integers(0, 2**32)
        ),
        origin=words,
        verb=words,
        args=st.lists(words, max_size=3).map(tuple),
        options=st.dictionaries(words, words, max_size=3),
        hidden=st.integers(0, 100),
        before=stands,
        after=stands,
        result=words,
    ),
    st.builds(LoginRefused, **head, name=words, origin=words),
    st.builds(
        MoreRefused,
        **head,
        count=st.integers(1, 2**31),
        origins=st.integers(1, 256),
        uncounted=st.booleans(),
        some=st.lists(words, max_size=8).map(tuple),
    ),
)
texts = st.text(st.characters(), max_size=10)
long_texts = texts | texts.map(lambda text: text * 300)
verbs = st.sampled_from([*SHOWN, "PASSWD", "USER ADD", "WHATEVER COMES"])
ADMIN = Principal(name="admin", kind="admin")


def recorded(request: Request, result: str = "ok") -> Change:
    before, after = Stand(epoch=1, number=4), Stand(epoch=1, number=5)
    return change(request, node="dir1", at=1e9, before=before, after=after, result=result)


@given(records)
def test_round_trip(record: AnyRecord) -> None:
    assert parse(render(record)) == record
    assert json.loads(render(record)) == json.loads(json.dumps(document(record)))


@given(records)
def test_a_record_is_one_line_that_no_terminal_obeys(record: AnyRecord) -> None:
    text = render(record).decode("utf-8")
    assert text.splitlines() == [text]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text)


@given(st.binary(max_size=200))
def test_junk_is_no_record(data: bytes) -> None:
    with suppress(BadRecordError):
        parse(data)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"\x00\x00",
        b'{"event":"login-refused","seq":1,"time":"","at":0,"node":"","name":""}',
        b'{"event":"login-refused","seq":1,"time":"","at":0,"node":"","name":"","origin":"","x":1}',
        b'{"event":"gone","seq":1,"time":"","at":0,"node":"","name":"","origin":""}',
    ],
)
def test_what_is_no_whole_record_is_refused(line: bytes) -> None:
    with pytest.raises(BadRecordError):
        parse(line)


@given(
    verbs,
    st.lists(words, max_size=4),
    st.dictionaries(
        st.sampled_from(["base", "comment", "name", "password", "verifier", "secret"]),
        words,
        max_size=6,
    ),
    words,
)
def test_what_the_table_does_not_name_never_appears(
    verb: str, args: list[str], options: dict[str, str], literal: str
) -> None:
    shown = SHOWN.get(verb, Shown())
    request = Request(
        principal=ADMIN,
        origin="10.0.0.9:4711",
        verb=verb,
        args=tuple(f"{SECRET}{index}-{arg}" for index, arg in enumerate(args)),
        options={key: f"{SECRET}{key}-{value}" for key, value in options.items()},
        literal=(SECRET + literal).encode(),
    )
    line = render(recorded(request))
    tags = {*map(str, range(shown.args)), *shown.options}
    assert set(re.findall(rf"{SECRET}(\w*)-", line.decode())) <= tags
    assert line.decode().count(SECRET) <= len(args[: shown.args]) + len(set(shown.options))
    record = parse(line)
    assert isinstance(record, Change)
    assert record.hidden + len(record.args) + len(record.options) == len(args) + len(options)


def test_of_a_save_its_base_and_comment_are_shown() -> None:
    options = {"base": "4", "comment": "add web", "password": SECRET}
    request = Request(
        principal=Principal(name="root", kind="local", uid=0),
        origin="unix:uid=0,pid=7",
        verb="CONFIG SAVE",
        options=options,
        literal=b"[cluster]",
    )
    record = recorded(request, "conflict")
    assert record.options == {"base": "4", "comment": "add web"}
    assert (record.hidden, record.result, record.time) == (
        1,
        "conflict",
        "2001-09-09T01:46:40.000Z",
    )
    assert (record.who.name, record.who.uid) == ("root", 0)
    assert b"cluster" not in render(record)


@given(long_texts, long_texts, st.sampled_from(list(SHOWN)))
def test_whatever_strangers_send_a_record_stays_small(name: str, text: str, verb: str) -> None:
    shown = SHOWN[verb]
    request = Request(
        principal=Principal(name=name, kind="user"),
        origin=text,
        verb=verb,
        args=(text,) * 9,
        options=dict.fromkeys(shown.options, text),
    )
    for record in (recorded(request), login_refused(name, text, node="dir1", at=1e9)):
        line = render(record)
        assert len(line) < LONGEST_LINE
        assert parse(line) == record


@given(long_texts, st.integers(1, 300))
def test_a_bounded_text_is_the_text_or_says_that_more_came(text: str, longest: int) -> None:
    short = bounded(text, longest)
    assert len(short) <= longest
    if len(text) > longest:
        assert short.endswith("…")
