import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.lines import Line, LineReader
from lvsm.core.responses import (
    BadResponseError,
    Err,
    Event,
    Greeting,
    Item,
    Ok,
    Response,
    Step,
    parse,
)

TEXT = st.text(max_size=20)
WORD = st.from_regex(r"[A-Za-z0-9._-]{1,10}", fullmatch=True)
KEY = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=4)
SENDABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RESPONSE: st.SearchStrategy[Response] = st.one_of(
    st.builds(Greeting, node=WORD, software=WORD, features=st.lists(WORD).map(tuple)),
    st.builds(Step, st.binary(max_size=40)),
    st.builds(Item, OBJECT),
    st.builds(Event, OBJECT),
    st.builds(Ok, st.integers(0, 10**8), st.from_regex(r"([a-z]+( [a-z]+)*)?", fullmatch=True)),
    st.builds(
        Err,
        st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True),
        SENDABLE,
        st.dictionaries(KEY, SENDABLE, max_size=3),
    ),
)


@given(RESPONSE)
def test_what_is_rendered_parses_to_the_same(response: Response) -> None:
    reader = LineReader(max_line=100_000)
    reader.feed(response.render().encode("utf-8") + b"\n")
    line = reader.next_event()
    assert isinstance(line, Line)
    assert reader.next_event() is None
    found = parse(line.text)
    assert type(found) is type(response)
    assert found == response


@given(
    SENDABLE
    | st.sampled_from(["* ", "! ", "OK ", "ERR ", "+ ", "LVSM "]).flatmap(
        lambda mark: SENDABLE.map(lambda rest: mark + rest)
    )
)
def test_junk_raises_nothing_but_the_error_for_it(text: str) -> None:
    with contextlib.suppress(BadResponseError):
        parse(text)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "LVSM",
        "LVSM 1 dir1",
        "LVSM 2 dir1 3.0",
        "* []",
        "* nonsense",
        "* " + "[" * 100_000,
        "OK",
        "OK -1 x",
        "OK ٣ x",
        "ERR",
        "ERR code",
        'ERR Code "m"',
        "+ ***",
        "+ ü",
    ],
)
def test_what_is_no_answer(line: str) -> None:
    with pytest.raises(BadResponseError):
        parse(line)


def test_a_newline_in_a_text_does_not_make_a_second_line() -> None:
    assert Ok(0, "one\r\nOK 0 two").render() == "OK 0 one OK 0 two"
    assert "\n" not in Err("x", "one\ntwo", {"key": "a\nb"}).render()
    assert "\n" not in Item({"a\n": "b\n"}).render()
