from __future__ import annotations

import tomllib
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import toml_text
from tests.unit.strategies import texts

values = st.recursive(
    texts | st.booleans() | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(texts, values)
def test_tomllib_reads_back_what_was_written(name: str, given_value: object) -> None:
    assert tomllib.loads(toml_text.pair(name, given_value)) == {name: given_value}


@given(st.dictionaries(texts, st.none() | values, max_size=4))
def test_a_table_leaves_out_what_is_none(pairs: dict[str, object]) -> None:
    text = toml_text.table("[t]", pairs)
    assert tomllib.loads(text)["t"] == {k: v for k, v in pairs.items() if v is not None}
    assert text.endswith("\n")


@pytest.mark.parametrize(
    ("given_value", "shown"),
    [
        (True, "true"),
        (0, "0"),
        ((1, "a"), '[1, "a"]'),
        (ip_address("192.0.2.1"), '"192.0.2.1"'),
        ('a"\\\n\x7f', '"a\\"\\\\\\u000a\\u007f"'),
    ],
)
def test_values_look_as_people_write_them(given_value: object, shown: str) -> None:
    assert toml_text.value(given_value) == shown


@pytest.mark.parametrize(("name", "shown"), [("rs-1", "rs-1"), ("a.b", '"a.b"'), ("", '""')])
def test_a_key_is_quoted_where_it_must(name: str, shown: str) -> None:
    assert toml_text.key(name) == shown
