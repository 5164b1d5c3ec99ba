from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.edits.forms import (
    AddRealserver,
    AddVip,
    EditError,
    RemoveRealserver,
    RemoveVip,
    SetRealserver,
    SetVip,
    decode,
    encode,
)

words = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1)
values = st.dictionaries(
    words,
    st.none() | st.booleans() | numbers | words | st.lists(words | numbers, max_size=3).map(tuple),
    max_size=3,
)
ports = st.none() | numbers
edits = st.one_of(
    st.builds(AddVip, vip=words, values=values),
    st.builds(SetVip, vip=words, values=values),
    st.builds(RemoveVip, vip=words),
    st.builds(AddRealserver, vip=words, node=words, values=values),
    st.builds(SetRealserver, vip=words, node=words, port=ports, values=values),
    st.builds(RemoveRealserver, vip=words, node=words, port=ports),
)


@given(edits)
def test_an_edit_comes_through_as_it_was(edit: object) -> None:
    assert decode(encode(edit)) == edit  # type: ignore[arg-type]  # hypothesis gives no union


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        b'{"edit":"vip-burn","vip":"web"}',
        b'{"edit":"vip-set","vip":"web","value":{}}',
        b'{"edit":"vip-set","vip":"web","values":{"ports":[[80]]}}',
        b'{"edit":"rs-set","vip":"web","values":{}}',
        b'{"edit":"vip-set","vip":"web","values":{"weight":1.5}}',
    ],
)
def test_what_is_no_edit_is_refused(body: bytes) -> None:
    with pytest.raises(EditError, match="no change that plvsd knows") as refused:
        decode(body)
    assert refused.value.code == "bad-edit"
    assert len(refused.value.message) < 300
