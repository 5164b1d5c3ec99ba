"""The addresses that nodes reported, written into people's configuration text.

Law: people's lines, their order and their comments stay. The text then says what it said, and the
addresses besides; with the same addresses once more it stays as it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from lvsm.core import toml_text
from lvsm.core.model import IPAddress
from lvsm.core.places import Path, Places, Span

_ADDED = "# The addresses that these nodes reported, added when saved."


def with_node_addresses(text: str, addresses: Mapping[str, IPAddress]) -> str:
    """`text`, which `config_text.parse` reads, with `addresses` for the nodes that it gives none.

    A node with a table of its own gets a line below its header; one that is written in a line, or
    by keys with dots, gets its address there; one that the text does not name gets a table at the
    end. Raises tomllib.TOMLDecodeError for no TOML.
    """
    nodes: dict[str, Any] = tomllib.loads(text).get("node", {})
    wanted = sorted(
        (name, address)
        for name, address in addresses.items()
        if "address" not in nodes.get(name, {})
    )
    if not wanted:
        return text
    writer = _Writer(text)
    for name, address in wanted:
        if name in nodes:
            writer.complete(("node", name), address, empty=not nodes[name])
    writer.append([entry for entry in wanted if entry[0] not in nodes], empty=not nodes)
    return writer.text()


class _Writer:
    """Collects what to insert, and where."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = Places(text)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._inserts: list[tuple[int, str]] = []
        self._tail = ""

    def complete(self, path: Path, address: IPAddress, *, empty: bool) -> None:
        """Give the node at `path`, which the text has, its address; `empty` if it has nothing."""
        pair = toml_text.pair("address", str(address))
        inline = self._inline(path)
        start, end = self._places.key_span(path)
        if inline is not None:
            self._into(inline, pair, empty=empty)
        elif self._text.startswith("[", start):
            at = self._line_end(end)
            self._inserts.append((at, f"{self._newline}{self._indent(start)}{pair}"))
        else:  # a key with dots: `node.rs1.external = true`
            inside = self._inline(path[:1]) is not None
            rest = ", " if inside else self._newline + self._indent(start)
            self._inserts.append((start, f"{self._text[start:end]}.{pair}{rest}"))

    def append(self, nodes: Sequence[tuple[str, IPAddress]], *, empty: bool) -> None:
        """Name the nodes that the text does not name; `empty` if it names none at all."""
        inline = self._inline(("node",))
        if not nodes:
            return
        if inline is not None:
            pairs = [
                f"{toml_text.key(name)} = {{ {toml_text.pair('address', str(address))} }}"
                for name, address in nodes
            ]
            self._into(inline, ", ".join(pairs), empty=empty)
            return
        tables = [
            toml_text.table(f"[node.{toml_text.key(name)}]", {"address": address})
            for name, address in nodes
        ]
        self._tail = "\n".join([_ADDED, *tables]).replace("\n", self._newline)

    def text(self) -> str:
        """The text with everything inserted."""
        pieces, last = [], 0
        for at, added in sorted(self._inserts):
            pieces += [self._text[last:at], added]
            last = at
        pieces.append(self._text[last:])
        longer = "".join(pieces)
        if not self._tail:
            return longer
        for _ in range(2):  # the line ends, and an empty one follows
            if longer and not longer.endswith(self._newline * 2):
                longer += self._newline
        return longer + self._tail

    def _inline(self, path: Path) -> Span | None:
        """The value at `path` if it is a table in braces."""
        span = self._places.value_span(path)
        return span if span and self._text.startswith("{", span[0]) else None

    def _into(self, braces: Span, pairs: str, *, empty: bool) -> None:
        start = braces[0] + 1
        blank = "" if self._text[start : start + 1] in (" ", "\t") else " "
        self._inserts.append((start, f" {pairs}{'' if empty else ','}{blank}"))

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        end = len(self._text) if end < 0 else end
        return end - 1 if self._text.startswith("\r", end - 1) else end

    def _indent(self, at: int) -> str:
        start = self._text.rfind("\n", 0, at) + 1
        before = self._text[start:at]
        return before if not before.strip(" \t") else ""
