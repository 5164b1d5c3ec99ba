import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.errors import LvsmError
from lvsm.core.lines import (
    Line,
    LineReader,
    LineTooLongError,
    Literal,
    LiteralTooLargeError,
    StreamError,
)

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\t"), max_size=20)
MESSAGE = st.tuples(TEXT, st.none() | st.binary(max_size=30), st.sampled_from([b"\n", b"\r\n"]))
Outcome = list[Line | Literal | str]


def read(chunks: list[bytes], reader: LineReader) -> Outcome:
    """All events, with a literal wherever a line ends with `bytes=N`, and the error's code."""
    events: Outcome = []
    try:
        for chunk in chunks:
            reader.feed(chunk)
            while (event := reader.next_event()) is not None:
                events.append(event)
                found = (
                    re.search("bytes=([0-9]+)$", event.text) if isinstance(event, Line) else None
                )
                if found:
                    reader.expect_literal(int(found[1]))
    except StreamError as error:
        events.append(error.code)
    return events


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


@given(st.lists(MESSAGE, max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_chunking_gives_what_was_sent(
    sent: list[tuple[str, bytes | None, bytes]], places: list[int]
) -> None:
    data, expected = b"", Outcome()
    for text, literal, end in sent:
        line = text if literal is None else f"{text} bytes={len(literal)}"
        data += line.encode() + end + (literal or b"")
        expected.append(Line(line))
        if literal is not None:
            expected.append(Literal(literal))
    assert read(cut(data, places), LineReader(max_line=200)) == expected


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20))
def test_junk_gives_the_same_however_it_is_cut(data: bytes, places: list[int]) -> None:
    whole = read([data], LineReader(max_line=50, max_literal=50))
    assert read(cut(data, places), LineReader(max_line=50, max_literal=50)) == whole


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_line_of_the_greatest_length_passes_and_one_byte_more_does_not(
    end: bytes, step: int
) -> None:
    for size, expected in ((64, [Line("a" * 64)]), (65, ["line-too-long"])):
        data = b"a" * size + end
        chunks = [data[i : i + step] for i in range(0, len(data), step)]
        assert read(chunks, LineReader(max_line=64)) == expected


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    reader = LineReader(max_line=1000)
    reader.feed(b"a" * 1001)
    assert reader.next_event() is None
    reader.feed(b"a" * 500)
    with pytest.raises(LineTooLongError):
        reader.next_event()
    assert reader.buffered == 0
    reader.feed(b"STATUS\n")
    with pytest.raises(LineTooLongError):
        reader.next_event()
    assert reader.buffered == 0


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"a\0b", b"a\x1b[31m", b"a\rb", b"\x7f", b"\xc0\x80", b"\xed\xa0\x80"]
)
def test_what_is_no_text_is_refused(line: bytes) -> None:
    reader = LineReader()
    reader.feed(line + b"\n")
    with pytest.raises(StreamError) as caught:
        reader.next_event()
    assert caught.value.code == "bad-line"
    assert isinstance(caught.value, LvsmError)


def test_a_literal_over_the_limit_is_refused_at_its_announcement() -> None:
    reader = LineReader(max_literal=10)
    reader.expect_literal(10)
    with pytest.raises(LiteralTooLargeError):
        LineReader(max_literal=10).expect_literal(11)


def test_an_empty_literal_is_a_literal() -> None:
    assert read([b"x bytes=0\nSTATUS\n"], LineReader()) == [
        Line("x bytes=0"),
        Literal(b""),
        Line("STATUS"),
    ]


def test_the_limit_of_lines_may_grow_between_two_of_them() -> None:
    reader = LineReader(max_line=5)
    reader.feed(b"AUTH\n" + b"a" * 10 + b"\n")
    assert reader.next_event() == Line("AUTH")
    reader.max_line = 10
    assert reader.next_event() == Line("a" * 10)


def test_a_literal_is_not_in_its_repr() -> None:
    assert "secret" not in repr(Literal(b"secret"))
