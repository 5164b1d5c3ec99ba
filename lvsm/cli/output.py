"""What a command prints: text for people or JSON for programs, tables, and colours.

Law: data goes to standard output, everything said about it to standard error. A colour only repeats
a word. What a server sent moves no cursor: its control characters are shown, not sent.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

SCHEMA_VERSION = 1
Document = Mapping[str, Any]

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROLS_BUT_COLORS = re.compile(r"(?!\x1b\[(?:0|3[0-7])m)" + _CONTROLS.pattern)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_COLORS = {
    "down": "red",
    "dead": "red",
    "held twice": "red",
    "conflict": "red",
    "login refused": "red",
    "refused": "red",
    "removed": "yellow",
    "degraded": "yellow",
    "sorry": "yellow",
    "draining": "yellow",
    "disabled": "yellow",
    "standby": "yellow",
    "unreachable": "yellow",
    "not eligible": "yellow",
    "joining": "yellow",
    "unconfirmed": "yellow",
    "behind": "yellow",
    "serving": "green",
    "up": "green",
    "OK": "green",
    "ok": "green",
}


class Output:
    """Where one command's output goes."""

    def __init__(self, *, as_json: bool = False, color: bool = False) -> None:
        """`color` is about standard output."""
        self.as_json = as_json
        self.color = color

    def document(self, document: Document, text: str | Callable[[], str]) -> None:
        """Print one document; `text` is what people see of it."""
        if self.as_json:
            self._json({"schema_version": SCHEMA_VERSION, **document})
        else:
            self._echo(text if isinstance(text, str) else text())

    def items(self, items: Sequence[Document], text: str | Callable[[], str]) -> None:
        """Print a list of documents; `text` is what people see of it."""
        self.document({"items": list(items)}, text)

    def event(self, document: Document, text: str | Callable[[], str]) -> None:
        """Print one of many documents that come one by one: with --json, a line each."""
        self.document(document, text)

    def text(self, document: Document, text: str) -> None:
        """Print a text that is data: into a file or a pipe as it is, to the last character."""
        if self.as_json:
            self.document(document, text)
        else:
            click.echo(shown(text) if sys.stdout.isatty() else text, nl=False)

    def note(self, text: str) -> None:
        """Say something about the data, on standard error."""
        click.echo(shown(text), err=True)

    def state(self, word: str) -> str:
        """A state's word in its colour; other words as they are."""
        color = _COLORS.get(word) if self.color else None
        return word if color is None else click.style(word, fg=color)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> str:
        """Columns as wide as their widest cell; `right` names the right-aligned ones.

        The words of the column STATE have their colours.
        """
        if not rows:
            return ""
        cells = [[shown(cell).replace("\n", " ") for cell in row] for row in (header, *rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        aligned = right.split()
        return "\n".join(self._row(header, row, widths, aligned) for row in cells)

    def _row(
        self, header: Sequence[str], row: Sequence[str], widths: Sequence[int], right: Sequence[str]
    ) -> str:
        line = ""
        for name, cell, width in zip(header, row, widths, strict=True):
            padding = " " * (width - len(cell))
            word = self.state(cell) if name == "STATE" else cell
            line += padding + word + "  " if name in right else word + padding + "  "
        return line.rstrip()

    def _json(self, document: Document) -> None:
        click.echo(json.dumps(document))

    def _echo(self, text: str) -> None:
        controls = _CONTROLS_BUT_COLORS if self.color else _CONTROLS
        click.echo(controls.sub(_REPLACEMENT, text), color=self.color)


def shown(text: str) -> str:
    """A text of somebody else's as a terminal may see it."""
    return _CONTROLS.sub(_REPLACEMENT, text)
