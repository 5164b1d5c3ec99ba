from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.generation import EMPTY, BadGenerationError, Generation, decode, encode

generations = st.builds(
    Generation,
    number=st.integers(0, 2**31),
    epoch=st.integers(1, 1000),
    text=st.text(),
    author=st.text(max_size=10),
    comment=st.text(max_size=10),
    saved_at=st.floats(0, 1e10),
    groups=st.dictionaries(
        st.text(max_size=5), st.lists(st.text(max_size=5), max_size=3).map(tuple), max_size=3
    ),
)


@given(generations)
def test_round_trip(generation: Generation) -> None:
    assert decode(encode(generation)) == generation
    assert decode(encode(generation)).hash == generation.hash


@given(generations, generations)
def test_the_order_is_total_and_an_epoch_outweighs_numbers(a: Generation, b: Generation) -> None:
    assert (a.order < b.order) + (b.order < a.order) + (a.order == b.order) == 1
    if a.epoch < b.epoch:
        assert a.order < b.order


@given(st.binary(max_size=100))
def test_junk_is_refused(data: bytes) -> None:
    with suppress(BadGenerationError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b'{"number": -1, "text": ""}', b'{"number": 1, "text": "", "epoch": 0}', b"[]"],
)
def test_what_is_no_generation_is_refused(data: bytes) -> None:
    with pytest.raises(BadGenerationError):
        decode(data)


def test_a_changed_word_changes_the_hash() -> None:
    assert Generation(number=1, text="a").hash != Generation(number=1, text="b").hash
    assert EMPTY.number == 0


@given(generations, st.text())
def test_a_copy_with_another_text_has_its_own_hash(generation: Generation, text: str) -> None:
    before = generation.hash
    copy = msgspec.structs.replace(generation, text=text)
    assert (copy.hash == before) == (text == generation.text)
    assert (copy == generation) == (text == generation.text)


def test_what_has_its_default_is_left_out_so_later_fields_change_no_hash() -> None:
    assert encode(Generation(number=1, text="a")) == b'{"number":1,"text":"a"}'
