"""Where in a TOML text each key and value stands: made only when a mistake has to be shown.

Law: the text has been read by tomllib already, so it is known to be TOML; this scanner only finds
places and never judges. What it cannot find is given the place of the nearest thing around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and indexes into arrays."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL_KEY = re.compile(r"'[^'\n]*'")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")"{0,2}|' + r"'''.*?'''(?!')'{0,2}|"
    r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
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
        self._scanner = _Scanner(text)
        self._scanner.scan()

    def key(self, path: Path) -> Place:
        """The key at `path`, or the nearest thing around it that stands in the text."""
        return self._find(self._scanner.keys, path)

    def value(self, path: Path) -> Place:
        """The value at `path`, or the nearest thing around it that stands in the text."""
        found = self._scanner.values.get(path)
        return self._scanner.place(*found) if found else self.key(path)

    def _find(self, spans: Mapping[Path, tuple[int, int]], path: Path) -> Place:
        for length in range(len(path), -1, -1):
            span = spans.get(path[:length])
            if span is not None:
                return self._scanner.place(*span)
        return Place(line=1, column=1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[Path, tuple[int, int]] = {}
        self.values: dict[Path, tuple[int, int]] = {}
        self._counts: dict[Path, int] = {}

    def place(self, start: int, end: int) -> Place:
        before = self.text.count("\n", 0, start)
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", start)
        line_end = len(self.text) if line_end < 0 else line_end
        return Place(
            line=before + 1,
            column=start - line_start + 1,
            length=max(1, min(end, line_end) - start),
        )

    def scan(self) -> None:
        table: Path = ()
        self._skip(_SPACE)
        while self.at < len(self.text):
            before = self.at
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_SPACE)
            if self.at == before:
                return  # nothing this scanner knows: places found so far are good

    def _header(self) -> Path:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self._dotted()
        self.at += 2 if array else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._last((*path, key))
        path = (*path, keys[-1])
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
        keys = self._dotted()
        path = (*table, *keys)
        end = len(self.text[: self.at].rstrip())
        for length in range(len(table) + 1, len(path) + 1):
            self.keys.setdefault(path[:length], (start, end))
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _dotted(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            keys.append(self._key())
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
            if match is not None:
                self.at = start + len(match[0].rstrip())
        self.values[path] = (start, self.at)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_SPACE)
            if self.text.startswith("]", self.at) or self.at >= len(self.text):
                break
            before = self.at
            self._value((*path, index))
            self.keys.setdefault((*path, index), self.values[(*path, index)])
            index += 1
            self._comma()
            if self.at == before:
                break
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while True:
            self._skip(_SPACE)
            if self.text.startswith("}", self.at) or self.at >= len(self.text):
                break
            before = self.at
            self._pair(path)
            self._comma()
            if self.at == before:
                break
        self.at += 1

    def _comma(self) -> None:
        self._skip(_SPACE)
        if self.text.startswith(",", self.at):
            self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        eight = re.sub(r"\\U([0-9A-Fa-f]{8})", lambda m: chr(int(m[1], 16)), key)
        try:
            return str(json.loads(eight, strict=False))
        except ValueError:
            return eight[1:-1]
    return key
