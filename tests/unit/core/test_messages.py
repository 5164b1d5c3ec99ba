import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.lines import Line, LineReader
from lvsm.core.messages import BadRequestError, Command, parse, render

VERBS = {"STATUS", "CONFIG", "CONFIG SAVE", "CONFIG SHOW", "AUTH", "X-Y"}
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEY = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(lambda key: key != "bytes")


def through_a_line(text: str) -> str:
    reader = LineReader(max_line=10_000)
    reader.feed(text.encode() + b"\n")
    event = reader.next_event()
    assert isinstance(event, Line)
    return event.text


@given(
    st.sampled_from(sorted(VERBS - {"AUTH", "X-Y"})),
    st.lists(ANY_TEXT | st.sampled_from(["save", "a=b", "bytes=3", '"', "\\", ""]), max_size=4),
    st.dictionaries(KEY, ANY_TEXT, max_size=4),
    st.none() | st.integers(0, 16 * 1024 * 1024),
)
def test_what_is_rendered_parses_to_the_same(
    verb: str, args: list[str], options: dict[str, str], literal: int | None
) -> None:
    line = through_a_line(render(verb, args, options, literal))
    assert parse(line, VERBS) == Command(
        verb=verb, args=tuple(args), options=options, literal=literal
    )


@given(ANY_TEXT | st.text(string.printable, max_size=40))
def test_junk_raises_nothing_but_the_error_for_it(text: str) -> None:
    try:
        command = parse(text, VERBS)
    except BadRequestError:
        return
    assert command.verb


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("status", Command(verb="STATUS")),
        ("  STATUS\t now ", Command(verb="STATUS", args=("now",))),
        ("config save", Command(verb="CONFIG SAVE")),
        ('CONFIG "save"', Command(verb="CONFIG", args=("save",))),
        ("CONFIG other", Command(verb="CONFIG", args=("other",))),
        (
            'CONFIG SAVE base=12 bytes=412 comment="add \\"web\\""',
            Command(
                verb="CONFIG SAVE",
                options={"base": "12", "comment": 'add "web"'},
                literal=412,
            ),
        ),
        ("STATUS Base=1", Command(verb="STATUS", options={"base": "1"})),
        ('STATUS "a=b"', Command(verb="STATUS", args=("a=b",))),
        ("STATUS [2001:db8::1]:80 ü", Command(verb="STATUS", args=("[2001:db8::1]:80", "ü"))),
        (
            "AUTH SCRAM-SHA-256-PLUS abc==",
            Command(verb="AUTH", args=("SCRAM-SHA-256-PLUS", "abc==")),
        ),
        ("NOTHING such bytes=3", Command(verb="NOTHING", args=("such",), literal=3, known=False)),
    ],
)
def test_what_a_line_means(line: str, expected: Command) -> None:
    assert parse(line, VERBS) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1",
        '"STATUS"',
        "STATUS=1",
        'STATUS "open',
        'STATUS a"b"',
        'STATUS "a"b',
        "STATUS a=1 A=2",
        "STATUS a=1 a=1",
        "STATUS bytes=-1",
        "STATUS bytes=x",
        "STATUS bytes=٣",
        "STATUS bytes=12345678901",
        'STATUS "\\x"',
        'STATUS "\\ud800"',
    ],
)
def test_what_is_no_request(line: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse(line, VERBS)
    assert caught.value.code == "bad-request"


def test_a_request_is_typed_as_its_verb_goes_on() -> None:
    assert parse(render("CONFIG SAVE now", ["x"]), VERBS).args == ("now", "x")


@pytest.mark.parametrize("head", ["", "STATUS\nQUIT", "STATUS\rQUIT", 'STATUS "'])
def test_a_verb_cannot_smuggle_a_second_request(head: str) -> None:
    with pytest.raises(BadRequestError):
        render(head)


def test_options_that_are_none_are_left_out_and_truth_is_yes_or_no() -> None:
    assert render("STATUS", options={"a": None, "b": True, "c": False, "d": 3}) == (
        "STATUS b=yes c=no d=3"
    )
