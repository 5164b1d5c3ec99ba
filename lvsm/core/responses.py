"""Response lines: what a server sends, parsed and rendered side by side (docs/protocol.md).

    LVSM 1 <node> <version> [feature...]      the greeting
    + <base64>                                a step of the login
    * <JSON object>                           an item of an answer
    OK <n> <text>                             the answer's end; n items came before it
    ERR <code> "<message>" [key=value...]     the answer's end: refused
    ! <JSON object>                           an event, at any time between other lines

Law: parse(render(x)) == x.

Most are NamedTuples: each `lvsm` command reads this module, and dataclasses take seven times as
long (but `count` is a tuple's own word).
"""

from __future__ import annotations

import binascii
import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from lvsm.core.errors import LvsmError
from lvsm.core.messages import BadRequestError, escape, quote, tokens, value_text

PROTOCOL_VERSION = 1
Fields = Mapping[str, Any]
NO_DETAILS: Mapping[str, str] = MappingProxyType({})

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_CODE = re.compile(r"[a-z][a-z0-9-]*")


class BadResponseError(LvsmError):
    """A server's line that does not follow the grammar: it is no plvsd, or a broken one."""

    code = "bad-response"


class Greeting(NamedTuple):
    """The first line: the node's name, its LVSM's version, and the features it offers."""

    node: str
    software: str
    features: tuple[str, ...] = ()

    def render(self) -> str:
        """The line."""
        return " ".join(("LVSM", str(PROTOCOL_VERSION), self.node, self.software, *self.features))


class Step(NamedTuple):
    """A step of the login."""

    data: bytes

    def __repr__(self) -> str:
        return f"Step({len(self.data)} bytes)"

    def render(self) -> str:
        """The line."""
        return f"+ {b64encode(self.data).decode('ascii')}"


class Item(NamedTuple):
    """One JSON object of an answer."""

    fields: Fields

    def render(self) -> str:
        """The line; raises ValueError or TypeError for what JSON has not (our mistake)."""
        return f"* {_dump(self.fields)}"


class Event(NamedTuple):
    """Something that happened, told to who watches."""

    fields: Fields

    def render(self) -> str:
        """The line; raises ValueError or TypeError for what JSON has not (our mistake)."""
        return f"! {_dump(self.fields)}"

    def prepared(self) -> Prepared:
        """The same, rendered once for many who get it."""
        return Prepared(self.render())


class Prepared(NamedTuple):
    """An event's line, as `Event.prepared` makes it."""

    line: str

    def render(self) -> str:
        """The line."""
        return self.line


class Listing(NamedTuple):
    """A whole answer that is always the same: its items and its OK, rendered once."""

    lines: str

    @classmethod
    def of(cls, items: Iterable[Fields], text: str) -> Listing:
        """The answer with these items and that text after its OK."""
        found = [Item(fields).render() for fields in items]
        return cls("\n".join((*found, Ok(len(found), text).render())))

    def render(self) -> str:
        """The lines."""
        return self.lines


@dataclass(frozen=True, slots=True)
class Ok:
    """The end of an answer that had `count` items."""

    count: int
    text: str

    def render(self) -> str:
        """The line; control characters of the text become blanks."""
        return f"OK {self.count} {_CONTROLS.sub(' ', self.text)}".rstrip(" ")


class Err(NamedTuple):
    """The end of an answer that is a refusal: a stable code, a text for people, details."""

    code: str
    message: str
    fields: Mapping[str, str] = NO_DETAILS

    def render(self) -> str:
        """The line."""
        details = (f"{key}={value_text(str(value))}" for key, value in self.fields.items())
        return " ".join(("ERR", self.code, quote(self.message), *details))


Response = Greeting | Step | Item | Event | Prepared | Listing | Ok | Err


def parse(text: str) -> Response:
    """Understand a server's line; raises BadResponseError."""
    mark, _, rest = text.partition(" ")
    parser = _PARSERS.get(mark)
    if parser is None:
        raise BadResponseError("that is no answer of plvsd's")
    return parser(rest)


def _greeting(rest: str) -> Greeting:
    version, *words = rest.split() or [""]
    if version != str(PROTOCOL_VERSION):
        raise BadResponseError(f"the node speaks version {version} of the protocol, this is 1")
    if len(words) < 2:
        raise BadResponseError("the greeting names the node and its version")
    return Greeting(node=words[0], software=words[1], features=tuple(words[2:]))


def _step(rest: str) -> Step:
    try:
        return Step(b64decode(rest.encode("ascii"), validate=True))
    except (binascii.Error, ValueError):
        raise BadResponseError("a step of the login is base64") from None


def _ok(rest: str) -> Ok:
    count, _, text = rest.partition(" ")
    if not (count.isascii() and count.isdecimal() and len(count) < 10):
        raise BadResponseError("OK is followed by the number of items")
    return Ok(int(count), text)


def _err(rest: str) -> Err:
    try:
        found = tokens(rest)
    except BadRequestError as error:
        raise BadResponseError(error.message) from None
    positional = [value for key, value, _ in found if key is None]
    if len(positional) != 2 or not _CODE.fullmatch(positional[0]):
        raise BadResponseError("ERR is followed by a code and a message")
    fields = {key.lower(): value for key, value, _ in found if key is not None}
    return Err(positional[0], positional[1], fields)


def _finite(text: str) -> float:
    """A number as JSON has it: Python would take NaN, Infinity, and 1e999 for it, and JSON none."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def _load(text: str) -> Fields:
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise BadResponseError("an item or event is one JSON object") from None
    if not isinstance(value, dict):
        raise BadResponseError("an item or event is one JSON object")
    return value


def _dump(fields: Fields) -> str:
    return escape(json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


_PARSERS: dict[str, Callable[[str], Response]] = {
    "LVSM": _greeting,
    "+": _step,
    "*": lambda rest: Item(_load(rest)),
    "!": lambda rest: Event(_load(rest)),
    "OK": _ok,
    "ERR": _err,
}
