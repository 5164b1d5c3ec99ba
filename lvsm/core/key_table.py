"""What a key of a configuration's table is, and how the common kinds of them are made.

Law: nothing here knows a particular key; `config_keys` and `check_keys` have those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lvsm.core import readers
from lvsm.core.readers import Reader


class Kind(StrEnum):
    """What a value is in TOML, for whoever makes one from the words of a command."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table.

    `read` takes tomllib's value to the model's, `shown` takes the model's object to what a text
    says (None for a key that is left out). `words` are all values that it may have, where they can
    be listed; `example` is a value as TOML, `meaning` a sentence without its full stop.
    """

    name: str
    kind: Kind
    read: Reader
    meaning: str
    example: str
    words: tuple[str, ...] = ()
    needed: bool = False
    shown: Callable[[Any], object]


def unless(name: str, default: object) -> Callable[[Any], object]:
    """What shows a field of the model unless it has its default."""

    def show(owner: object) -> object:
        value = getattr(owner, name)
        return None if value == default else value

    return show


def text(name: str, read: Reader, meaning: str, example: str, **more: Any) -> Key:
    """A key whose value is text."""
    return key(name, Kind.TEXT, read, meaning, example, **more)


def number(name: str, low: int, high: int, meaning: str, example: str, **more: Any) -> Key:
    """A key whose value is a whole number between `low` and `high`, both included."""
    code = more.pop("code", "range")
    return key(name, Kind.NUMBER, readers.number(low, high, code), meaning, example, **more)


def choice(name: str, kind: type[StrEnum], meaning: str, **more: Any) -> Key:
    """A key whose value is one of an enumeration's words."""
    words = tuple(member.value for member in kind)
    example = f'"{words[0]}"'
    return text(name, readers.choice(kind), meaning, example, words=words, **more)


def boolean(name: str, meaning: str, *, default: bool) -> Key:
    """A key that is true or false."""
    example = "false" if default else "true"
    return key(name, Kind.BOOLEAN, readers.boolean, meaning, example, default=default)


def key(name: str, kind: Kind, read: Reader, meaning: str, example: str, **more: Any) -> Key:
    """A key of any kind; what shows it leaves its `default` out, unless `shown` is given."""
    shown = more.pop("shown", None) or unless(name, more.pop("default", None))
    return Key(
        name=name, kind=kind, read=read, meaning=meaning, example=example, shown=shown, **more
    )


def always(name: str) -> Callable[[Any], object]:
    """What shows a field of the model whatever it has."""
    return lambda owner: getattr(owner, name)


def table(*keys: Key) -> Mapping[str, Key]:
    """Keys by their names."""
    return {entry.name: entry for entry in keys}
