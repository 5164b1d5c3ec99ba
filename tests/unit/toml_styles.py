"""One TOML document in any of the ways in which people may write it.

`styled(document)` draws a text that tomllib reads as `document`: headers, braces, keys with dots,
arrays of tables, four kinds of strings, comments, blank lines, tabs, LF or CRLF.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from lvsm.core import toml_text

Table = dict[str, Any]
_BLANKS = ("", " ", "  ", "\t")
_COMMENTS = ("", "", " # a comment", "#[not.a.header]", '# x = "', " # ends in ]")
_BETWEEN = ("", "", "\n", "# a = 1\n", "\t# [x]\n", " \n\n")
_PLAIN = "abcXYZ 019-_.,:;=[]{}#é漢\u0301🎈"

keys = st.text("abz09-_. \"'\\é漢\n", min_size=1, max_size=4) | st.sampled_from(
    ("node", "vip", "a")
)
scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(_PLAIN + "\"'\\\n\t", max_size=12)
    | st.dates(min_value=date(1900, 1, 1))
    | st.datetimes(min_value=datetime(1900, 1, 1))  # noqa: DTZ001  TOML has local times
)


def _tables(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Table]:
    return st.dictionaries(keys, children, max_size=4)


documents: st.SearchStrategy[Table] = _tables(
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | _tables(inner) | st.lists(_tables(inner)),
        max_leaves=12,
    )
)


@st.composite
def styled(draw: st.DrawFn, document: Table) -> str:
    """A text that says `document`."""
    writer = _Writer(draw)
    writer.table(document, ())
    text = "".join(writer.pieces)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text if draw(st.booleans()) else text.rstrip("\r\n")


class _Writer:
    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.pieces: list[str] = []

    def table(self, table: Table, path: tuple[str, ...]) -> None:
        """The pairs of a table whose header stands there, then its tables with headers."""
        later: list[tuple[str, Any]] = []
        for name, value in table.items():
            self._between()
            how = self._how(value)
            if how == "header":
                later.append((name, value))
            elif how == "dots":
                self._dotted(name, value)
            else:
                self._pair((name,), value)
        for name, value in later:
            here = (*path, name)
            for entry in value if isinstance(value, list) else [value]:
                self._between()
                self._header(here, twice=isinstance(value, list))
                self.table(entry, here)

    def _how(self, value: Any) -> str:
        tables = isinstance(value, list) and value and all(isinstance(e, dict) for e in value)
        if isinstance(value, dict) and value:
            return self.draw(st.sampled_from(("header", "header", "braces", "dots")))
        if isinstance(value, dict) or tables:
            return self.draw(st.sampled_from(("header", "header", "braces")))
        return "pair"

    def _dotted(self, name: str, table: Table) -> None:
        for key, value in table.items():
            self._pair((name, key), value)

    def _header(self, path: tuple[str, ...], *, twice: bool) -> None:
        left, right = ("[[", "]]") if twice else ("[", "]")
        self.pieces.append(f"{self._blank()}{left}{self._key(path)}{right}{self._end()}")

    def _pair(self, path: tuple[str, ...], value: Any) -> None:
        equals = f"{self._blank()}={self._blank()}"
        key, shown = self._key(path), self._value(value)
        self.pieces.append(f"{self._blank()}{key}{equals}{shown}{self._end()}")

    def _key(self, path: tuple[str, ...]) -> str:
        dot = f"{self._blank()}.{self._blank()}"
        return self._blank() + dot.join(map(self._part, path)) + self._blank()

    def _part(self, name: str) -> str:
        if "'" not in name and name.isprintable() and self.draw(st.booleans()):
            return f"'{name}'"
        if self.draw(st.booleans()):
            return '"' + "".join(f"\\U{ord(c):08x}" for c in name) + '"'
        return toml_text.key(name)

    def _value(self, value: Any, *, inline: bool = False) -> str:
        if isinstance(value, dict):
            pairs = [
                f"{self._key((name,))}={self._blank()}{self._value(entry, inline=True)}"
                for name, entry in value.items()
            ]
            return "{" + ",".join(pairs) + self._blank() + "}"
        if isinstance(value, list):
            gap = "" if inline else self.draw(st.sampled_from(("", " ", "\n\t", " # ],\n")))
            entries = "".join(f"{gap}{self._value(e, inline=inline)}{gap}," for e in value)
            return f"[{entries.removesuffix(',')}{gap}]"
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, datetime):
            return value.isoformat(" ", "microseconds")
        return str(value) if isinstance(value, date) else toml_text.value(value)

    def _string(self, value: str) -> str:
        ways = [toml_text.value(value)]
        if "'" not in value and "\n" not in value:
            ways.append(f"'{value}'")
        if "'" not in value:
            ways.append(f"'''\n{value}'''")
        escaped = value.replace("\\", "\\\\").replace('"""', '\\"""')
        ways.append(f'"""\n{escaped}"""' if not escaped.endswith('"') else ways[0])
        return self.draw(st.sampled_from(ways))

    def _blank(self) -> str:
        return self.draw(st.sampled_from(_BLANKS))

    def _end(self) -> str:
        return self._blank() + self.draw(st.sampled_from(_COMMENTS)) + "\n"

    def _between(self) -> None:
        self.pieces.append(self.draw(st.sampled_from(_BETWEEN)))
