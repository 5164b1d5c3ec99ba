"""Readers of single TOML values: each takes a value to a model's value, or says what is wrong.

A reader is a function from what tomllib gave to the wanted value; it raises `Wrong` with a code, a
message and advice, and whoever reads the table knows the place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from ipaddress import ip_address, ip_interface
from typing import Any, TypeVar

from lvsm.core.model import IPAddress, IPInterface
from lvsm.core.names import RULE, did_you_mean, is_name

Value = Any  # what tomllib gives: str, int, float, bool, list, dict or a date
Reader = Callable[[Value], Any]
E = TypeVar("E", bound=StrEnum)

_KINDS: dict[type, str] = {
    str: "text in quotation marks",
    int: "a whole number",
    bool: "true or false",
    list: "a list in brackets",
    dict: "a table",
}


class Wrong(Exception):  # noqa: N818  it is caught by the reader of the table, three lines away
    """A value that cannot be read."""

    def __init__(self, code: str, message: str, advice: str) -> None:
        """Keep what a Problem needs."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice


def of_type(value: Value, kind: type) -> Any:
    """`value` if it is of that type (a bool is no int); raises Wrong."""
    if type(value) is not kind:
        raise Wrong(
            "type", f"this has to be {_KINDS[kind]}", "Write it as the documentation shows."
        )
    return value


def text(value: Value) -> str:
    """Any text."""
    found: str = of_type(value, str)
    return found


def boolean(value: Value) -> bool:
    """True or false."""
    found: bool = of_type(value, bool)
    return found


def number(low: int, high: int, code: str = "range") -> Callable[[Value], int]:
    """A reader of whole numbers between `low` and `high`, both included."""

    def read(value: Value) -> int:
        found: int = of_type(value, int)
        if not low <= found <= high:
            raise Wrong(code, f"{found} is out of range", f"Choose between {low} and {high}.")
        return found

    return read


def name(value: Value) -> str:
    """The name of a node, a virtual service or a group."""
    found = text(value)
    if not is_name(found):
        raise Wrong("name", f"{found!r} cannot be a name", f"Choose another: {RULE}.")
    return found


def choice(kind: type[E]) -> Callable[[Value], E]:
    """A reader of one of an enumeration's words."""

    def read(value: Value) -> E:
        found = text(value)
        try:
            return kind(found)
        except ValueError:
            words = [member.value for member in kind]
            raise Wrong("choice", f"{found!r} is not known", did_you_mean(found, words)) from None

    return read


def address(value: Value) -> IPAddress:
    """An IPv4 or IPv6 address, strictly written."""
    try:
        return ip_address(text(value))
    except ValueError:
        raise Wrong(
            "address", f"{value!r} is no address", 'Write it like "192.0.2.10" or "2001:db8::10".'
        ) from None


def interface(value: Value) -> tuple[IPInterface, bool]:
    """An address with or without a prefix length, and whether it had one."""
    found = text(value)
    try:
        return ip_interface(found), "/" in found
    except ValueError:
        raise Wrong(
            "address",
            f"{found!r} is no address",
            'Write it like "192.0.2.10" or "192.0.2.10/24", without leading zeros.',
        ) from None


def many(reader: Callable[[Value], Any], *, least: int = 0) -> Callable[[Value], tuple[Any, ...]]:
    """A reader of a list whose entries `reader` reads, without repetition."""

    def read(value: Value) -> tuple[Any, ...]:
        entries = of_type(value, list)
        if len(entries) < least:
            raise Wrong("empty", "the list is too short", f"Name at least {least}.")
        found = tuple(reader(entry) for entry in entries)
        for entry in found:
            if found.count(entry) > 1:
                raise Wrong("repeated", f"{entry!r} stands there twice", "Remove one of them.")
        return found

    return read


def words(allowed: Iterable[str]) -> Callable[[Value], str]:
    """A reader of one of some words."""
    known = sorted(allowed)

    def read(value: Value) -> str:
        found = text(value)
        if found not in known:
            raise Wrong("choice", f"{found!r} is not known", did_you_mean(found, known))
        return found

    return read
