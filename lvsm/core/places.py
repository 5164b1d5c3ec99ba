"""Where in a TOML text each key and value stands: made only when a mistake has to be shown.

Law: the text has been read by tomllib already, so it is known to be TOML; this scanner only finds
places and never judges. What it cannot find is given the place of the nearest thing around it. It
goes forward with every step, so it comes to an end with any text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and indexes into arrays."""

Span = tuple[int, int]
"""A piece of the text: where it starts, and where the text after it does."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL_KEY = re.compile(r"'[^'\n]*'")
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|U(00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4})|(.))", re.DOTALL
)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|' + r"'''.*?'''(?!')|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a text: line and column count from 1, the length is in characters."""

    line: int
    column: int
    length: int = 1


class Places:
    """The places of one text's keys and values."""

    def __init__(self, text: str) -> None:
        """Scan `text`, which tomllib has accepted."""
        scanner = _Scanner(text)
        with suppress(RecursionError):  # what was found before is good
            scanner.scan()
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._keys: Mapping[Path, Span] = scanner.keys
        self._values: Mapping[Path, Span] = scanner.values

    def key(self, path: Path) -> Place:
        """The key at `path`, or the nearest thing around it that stands in the text."""
        for length in range(len(path), 0, -1):
            span = self._keys.get(path[:length])
            if span is not None:
                return self._place(*span)
        return Place(line=1, column=1)

    def value(self, path: Path) -> Place:
        """The value at `path`, or the nearest thing around it that stands in the text."""
        span = self._values.get(path)
        return self.key(path) if span is None else self._place(*span)

    def key_span(self, path: Path) -> Span:
        """The span of the key at `path`, with its brackets for a header; raises KeyError.

        For a key with dots it ends where `path` ends: `node.rs1` of `node.rs1.address = ...`.
        """
        return self._keys[path]

    def value_span(self, path: Path) -> Span | None:
        """The span of the value that stands behind an equals sign; None if none is there."""
        return self._values.get(path)

    def said(self, span: Span) -> str:
        """What stands there."""
        return self._text[span[0] : span[1]]

    def below(self, path: Path) -> list[Span]:
        """The spans of all keys and values at `path` and below it."""
        length = len(path)
        return [
            span
            for found in (self._keys, self._values)
            for other, span in found.items()
            if other[:length] == path
        ]

    def keys_of(self, path: Path) -> list[Path]:
        """The paths of a table's keys, those of tables in it included."""
        return [key for key in self._keys if key[:-1] == path]

    def _place(self, start: int, end: int) -> Place:
        line = bisect_right(self._starts, start)
        line_start = self._starts[line - 1]
        line_end = self._starts[line] - 1 if line < len(self._starts) else len(self._text)
        shown = len(self._text[start : min(end, line_end)].rstrip("\r"))
        return Place(line=line, column=start - line_start + 1, length=max(1, shown))


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[Path, Span] = {}
        self.values: dict[Path, Span] = {}
        self._counts: dict[Path, int] = {}

    def scan(self) -> None:
        table: Path = ()
        self._skip(_SPACE)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_SPACE)

    def _header(self) -> Path:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self._dotted()
        self.at += 2 if array else 1
        path: Path = ()
        for key, _ in keys[:-1]:
            path = self._last((*path, key))
            self.keys.setdefault(path, (start, self.at))
        path = (*path, keys[-1][0])
        if array:
            index = self._counts.get(path, -1) + 1
            self._counts[path] = index
            self.keys.setdefault(path, (start, self.at))
            path = (*path, index)
        self.keys[path] = (start, self.at)
        return path

    def _last(self, path: Path) -> Path:
        return (*path, self._counts[path]) if path in self._counts else path

    def _pair(self, table: Path) -> None:
        start = self.at
        path = table
        for key, end in self._dotted():
            path = (*path, key)
            self.keys.setdefault(path, (start, end))
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _dotted(self) -> list[tuple[str, int]]:
        """The parts of a key, each with its end."""
        keys = []
        while True:
            self._skip(_BLANK)
            key = self._key()
            keys.append((key, self.at))
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        for pattern in (_BARE_KEY, _BASIC_KEY, _LITERAL_KEY):
            match = pattern.match(self.text, self.at)
            if match is not None:
                self.at = match.end()
                return _unquoted(match[0])
        return ""

    def _value(self, path: Path) -> None:
        start = self.at
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        else:
            match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at += max(1, len(match[0].rstrip()) if match else 0)
        self.values[path] = (start, self.at)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._more("]"):
            here = (*path, index)
            self._value(here)
            self.keys.setdefault(here, self.values[here])
            index += 1
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self._more("}"):
            self._pair(path)
        self.at += 1

    def _more(self, bracket: str) -> bool:
        """Go to the next entry, and say whether there is one before the closing bracket."""
        self._skip(_SPACE)
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip(_SPACE)
        return self.at < len(self.text) and not self.text.startswith(bracket, self.at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        return _ESCAPE.sub(_unescaped, key[1:-1])
    return key


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])
