"""TOML as LVSM writes it: keys, values and tables of the files that it makes.

Law: tomllib reads back what was given, whatever characters a text has. Beside it, what LVSM does
not even give tomllib to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_PART = r"(?:[A-Za-z0-9_-]++|\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+')[ \t]*+"
_DEEP = re.compile(
    rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:\.[ \t]*+{_PART}){{16}}", re.MULTILINE | re.ASCII
)
_TO_ESCAPE = re.compile(r'[\x00-\x1f\x7f"\\]')


def too_deep(text: str) -> int | None:
    """Where in `text` a key of more than 16 parts begins (`a.b.c...`); None when there is none.

    tomllib's work grows with the square of the parts: 16,000 of them, 32 KiB, take it 5 s.
    """
    match = _DEEP.search(text)
    return None if match is None else match.start()


def value(given: object) -> str:
    """A truth value, a number, a list of such, or the text of anything else."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, float)):
        return str(given)
    if isinstance(given, (list, tuple)):
        return "[" + ", ".join(map(value, given)) + "]"
    return '"' + _TO_ESCAPE.sub(_escaped, str(given)) + '"'


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in '"\\' else f"\\u{ord(character):04x}"


def key(name: str) -> str:
    """A key, in quotation marks where it needs them."""
    return name if _BARE_KEY.fullmatch(name) else value(name)


def pair(name: str, given: object) -> str:
    """A line that gives a key its value."""
    return f"{key(name)} = {value(given)}"


def table(header: str, pairs: Mapping[str, object]) -> str:
    """A header and a line for each pair whose value is not None."""
    lines = [pair(name, given) for name, given in pairs.items() if given is not None]
    return "\n".join([header, *lines, ""])
