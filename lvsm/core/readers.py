"""Readers of single TOML values: each takes a value to a model's value, or says what is wrong.

A reader is a function from what tomllib gave to the wanted value; it raises `Wrong` with a code, a
message and advice, and whoever reads the table knows the place. No message is longer than a line,
whatever the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from ipaddress import ip_address, ip_interface
from typing import Any, TypeVar

from lvsm.core.model import IPAddress, IPInterface
from lvsm.core.names import RULE, did_you_mean, is_interface, is_name, quoted

Value = Any  # what tomllib gives: str, int, float, bool, list, dict or a date
Reader = Callable[[Value], Any]
E = TypeVar("E", bound=StrEnum)
_PREFIXED = re.compile(r"[^/%]+(?:/[1-9][0-9]*)?", re.ASCII)
_SHOWN = 10**20
"""Larger numbers are not shown: Python refuses to write out those that a hexadecimal can give."""

_KINDS: dict[type, str] = {
    str: "text in quotation marks",
    int: "a whole number",
    bool: "true or false",
    list: "a list in brackets",
    dict: "a table",
}


class Wrong(Exception):  # noqa: N818  it is caught by the reader of the table, three lines away
    """A value that cannot be read; `index` says which entry of a list it is, None for no list."""

    def __init__(self, code: str, message: str, advice: str, *, index: int | None = None) -> None:
        """Keep what a Problem needs."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice
        self.index = index


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
            shown = found if abs(found) < _SHOWN else "this number"
            raise Wrong(code, f"{shown} is out of range", f"Choose between {low} and {high}.")
        return found

    return read


def name(value: Value) -> str:
    """The name of a node, a virtual service or a group."""
    found = text(value)
    if not is_name(found):
        raise Wrong("name", f"{quoted(found)} cannot be a name", f"Choose another: {RULE}.")
    return found


def interface_name(value: Value) -> str:
    """The name of a network interface."""
    found = text(value)
    if not is_interface(found):
        raise Wrong(
            "interface",
            f"{quoted(found)} cannot be an interface",
            "Write it as `ip link` shows it, like `eth0`.",
        )
    return found


def choice(kind: type[E]) -> Callable[[Value], E]:
    """A reader of one of an enumeration's words."""
    read_word = words(member.value for member in kind)
    return lambda value: kind(read_word(value))


def words(allowed: Iterable[str]) -> Callable[[Value], str]:
    """A reader of one of some words."""
    known = sorted(allowed)

    def read(value: Value) -> str:
        found = text(value)
        if found not in known:
            raise Wrong("choice", f"{quoted(found)} is not known", did_you_mean(found, known))
        return found

    return read


def address(value: Value) -> IPAddress:
    """An IPv4 or IPv6 address, strictly written; one with a zone (`%eth0`) is none."""
    found = text(value)
    try:
        if "%" not in found:
            return ip_address(found)
    except ValueError:
        pass
    raise Wrong(
        "address",
        f"{quoted(found)} is no address",
        'Write it like "192.0.2.10" or "2001:db8::10", without leading zeros.',
    )


def interface(value: Value) -> tuple[IPInterface, bool]:
    """An address with or without a prefix length, and whether it had one.

    The length is a plain number from 1: an address with a prefix of 0 would be a default route.
    """
    found = text(value)
    try:
        if _PREFIXED.fullmatch(found):
            return ip_interface(found), "/" in found
    except ValueError:
        pass
    raise Wrong(
        "address",
        f"{quoted(found)} is no address",
        'Write it like "192.0.2.10" or "192.0.2.10/24", without leading zeros.',
    )


def many(reader: Callable[[Value], Any], *, least: int = 0) -> Callable[[Value], tuple[Any, ...]]:
    """A reader of a list whose entries `reader` reads, without repetition."""

    def read(value: Value) -> tuple[Any, ...]:
        entries = of_type(value, list)
        if len(entries) < least:
            raise Wrong("empty", "the list is too short", f"Name at least {least}.")
        found: dict[Any, None] = {}
        for index, entry in enumerate(entries):
            try:
                one = reader(entry)
            except Wrong as wrong:
                wrong.index = index
                raise
            if one in found:
                message = f"{quoted(str(one))} stands there twice"
                raise Wrong("repeated", message, "Remove one of them.", index=index)
            found[one] = None
        return tuple(found)

    return read
