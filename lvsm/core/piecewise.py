"""The places of keys and values, where only the pieces that are asked for are scanned.

Law: it gives the places that `places.Places` gives for the whole text.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from lvsm.core.outline import Name, Outline
from lvsm.core.places import Path, Place, Places


class Pieces:
    """As `Places`, for a text with an outline."""

    def __init__(self, text: str, outline: Outline | None) -> None:
        """Scan nothing yet; without an outline, `text` is scanned whole when a place is wanted."""
        self._text = text
        self._outline = outline
        self._known: dict[Name, _Piece] = {}
        self._whole: Places | None = None

    def key(self, path: Path) -> Place:
        """The key at `path`, or the nearest thing around it that stands in the text."""
        piece = self._piece(path)
        return self._all().key(path) if piece is None else piece.moved(piece.places.key(path))

    def value(self, path: Path) -> Place:
        """The value at `path`, or the nearest thing around it that stands in the text."""
        piece = self._piece(path)
        return self._all().value(path) if piece is None else piece.moved(piece.places.value(path))

    def _piece(self, path: Path) -> _Piece | None:
        if self._outline is None:
            return None
        name: Name = ("cluster",) if path[:1] == ("cluster",) else tuple(map(str, path[:2]))
        if name not in self._known:
            spans = self._outline.spans({name})
            if not spans:
                return None
            self._known[name] = _Piece(self._text, spans)
        return self._known[name]

    def _all(self) -> Places:
        if self._whole is None:
            self._whole = Places(self._text)
        return self._whole


class _Piece:
    """All that belongs to one object, joined, and how far its lines were moved by that."""

    def __init__(self, text: str, spans: list[tuple[int, int]]) -> None:
        self._first_lines: list[int] = []
        self._shifts: list[int] = []
        line = 1
        for start, end in spans:
            self._first_lines.append(line)
            self._shifts.append(text.count("\n", 0, start) + 1 - line)
            line += text.count("\n", start, end)
        self.places = Places("".join(text[start:end] for start, end in spans))

    def moved(self, place: Place) -> Place:
        """The place in the whole text."""
        index = bisect_right(self._first_lines, place.line) - 1
        return replace(place, line=place.line + self._shifts[index])
