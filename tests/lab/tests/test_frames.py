from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab import frames
from tests.lab.frames import Command, Decoder, Frame

any_frame = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=300)
)
words = st.binary(max_size=50)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.lists(any_frame, max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_chunking_gives_the_same_frames(sent: list[Frame], places: list[int]) -> None:
    data = b"".join(frames.encode(f.kind, f.channel, f.payload) for f in sent)
    decoder = Decoder()
    assert [f for chunk in cut(data, places) for f in decoder.feed(chunk)] == sent


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_junk_raises_nothing_but_frame_errors(junk: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for chunk in junk:
            decoder.feed(chunk)
    except frames.FrameError:
        pass


def test_a_frame_over_the_limit_is_refused_before_it_is_collected() -> None:
    with pytest.raises(frames.FrameError):
        Decoder().feed(frames.HEADER.pack(frames.OUT, 1, frames.MAX_PAYLOAD + 1))
    with pytest.raises(frames.FrameError):
        frames.encode(frames.OUT, 1, bytes(frames.MAX_PAYLOAD + 1))


@given(st.lists(words, max_size=10))
def test_strings_survive_exactly(items: list[bytes]) -> None:
    assert frames.parse_strings(frames.strings(items)) == items


@given(st.binary(max_size=60))
def test_junk_is_no_list_of_strings_or_is_one(junk: bytes) -> None:
    try:
        items = frames.parse_strings(junk)
    except frames.FrameError:
        return
    assert frames.strings(items) == junk


@given(st.lists(words, min_size=1, max_size=6), st.lists(st.tuples(words, words), max_size=4))
def test_commands_survive_exactly(argv: list[bytes], env: list[tuple[bytes, bytes]]) -> None:
    parsed = frames.parse_command(frames.render_command(Command(tuple(argv), tuple(env))))
    assert (parsed.argv, parsed.env) == (tuple(argv), tuple(env))


@given(st.lists(words, max_size=6))
def test_a_command_without_argv_is_refused(items: list[bytes]) -> None:
    for payload in (frames.strings([]), frames.strings([b"0", *items]), frames.strings([b"9"])):
        with pytest.raises(frames.FrameError):
            frames.parse_command(payload)


@given(st.binary(max_size=3 * frames.MAX_PAYLOAD // 2))
def test_a_stream_is_cut_into_frames_and_back(data: bytes) -> None:
    found = [frames.encode(frames.OUT, 1, chunk) for chunk in frames.chunks(data)]
    decoded = Decoder().feed(b"".join(found))
    assert b"".join(frame.payload for frame in decoded) == data
