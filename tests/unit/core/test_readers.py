from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import readers
from lvsm.core.model import Failback
from lvsm.core.readers import Reader, Wrong
from tests.unit.strategies import addresses, prefixed, texts

tomls = st.recursive(
    texts | st.booleans() | st.integers() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
READERS: list[Reader] = [
    readers.text,
    readers.boolean,
    readers.number(1, 9),
    readers.name,
    readers.interface_name,
    readers.choice(Failback),
    readers.words(("a", "b")),
    readers.address,
    readers.interface,
    readers.many(readers.number(1, 9), least=1),
    readers.many(readers.address),
]


@given(st.sampled_from(READERS), tomls)
def test_any_value_is_read_or_refused_in_a_short_line(reader: Reader, value: Any) -> None:
    wrong = mistake(reader, value)
    if wrong is not None:
        assert wrong.code
        assert 0 < len(wrong.message) < 1000
        assert wrong.advice


def mistake(reader: Reader, value: Any) -> Wrong | None:
    try:
        reader(value)
    except Wrong as wrong:
        return wrong
    return None


def refused(reader: Reader, value: Any) -> tuple[str, int | None]:
    wrong = mistake(reader, value)
    assert wrong is not None
    return wrong.code, wrong.index


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (readers.text, 1),
        (readers.boolean, 1),
        (readers.boolean, "true"),
        (readers.number(0, 9), True),
        (readers.number(0, 9), 1.0),
        (readers.address, 1),
        (readers.interface, 1),
        (readers.name, date(2000, 1, 1)),
        (readers.many(readers.text), "a"),
        (readers.choice(Failback), ["auto"]),
    ],
)
def test_a_value_of_another_type_is_refused(reader: Reader, value: Any) -> None:
    assert refused(reader, value) == ("type", None)


def test_numbers_keep_to_their_range() -> None:
    read = readers.number(1, 9, "port")
    assert [read(1), read(9)] == [1, 9]
    assert {refused(read, value) for value in (0, 10, -(16**9999), 16**9999)} == {("port", None)}


def test_a_choice_becomes_its_member() -> None:
    assert readers.choice(Failback)("manual") is Failback.MANUAL
    assert refused(readers.choice(Failback), "Manual") == ("choice", None)


@given(addresses)
def test_every_address_is_read_as_it_is_shown(address: Any) -> None:
    assert readers.address(str(address)) == address
    assert readers.interface(str(address))[1] is False


@given(prefixed(addresses))
def test_every_prefix_is_read_as_it_is_shown(address: Any) -> None:
    assert readers.interface(str(address)) == (address, True)


NO_ADDRESS = ["", "10.0.0", "10.0.0.01", "10.0.0.256", "１.2.3.4", " 10.0.0.1", "10.0.0.1\n", "::g"]
ZONES = ["fe80::1%eth0", "2001:db8::1%\ndir1 evil"]


@pytest.mark.parametrize("text", [*NO_ADDRESS, *ZONES, "10.0.0.1/24"])
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    assert refused(readers.address, text) == ("address", None)


@pytest.mark.parametrize(
    "text",
    [
        *NO_ADDRESS,
        *ZONES,
        *(f"{zone}/64" for zone in ZONES),
        "10.0.0.1/",
        "10.0.0.1/0",
        "10.0.0.1/024",
        "10.0.0.1/33",
        "10.0.0.1/-1",
        "10.0.0.1/255.255.255.0",
        "10.0.0.1/0.0.0.255",
        "10.0.0.1/24/24",
        "10.0.0.1/２４",
        "::1/129",
    ],
)
def test_what_is_no_address_with_a_plain_prefix_is_refused(text: str) -> None:
    assert refused(readers.interface, text) == ("address", None)


def test_a_mistake_in_a_list_is_that_of_its_entry() -> None:
    read = readers.many(readers.number(1, 9, "port"), least=1)
    assert read([3, 1]) == (3, 1)
    assert refused(read, []) == ("empty", None)
    assert refused(read, [1, 0]) == ("port", 1)
    assert refused(read, [1, "1"]) == ("type", 1)
    assert refused(read, [1, 2, 1]) == ("repeated", 2)


def test_addresses_that_are_equal_are_a_repetition_however_written() -> None:
    assert refused(readers.many(readers.address), ["::1", "0:0::1"]) == ("repeated", 1)
