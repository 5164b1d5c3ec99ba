"""Mistakes in a text, as data: what is wrong, by which rule, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from lvsm.core.excerpt import LONGEST, excerpt
from lvsm.core.places import Path, Place

MOST_TOLD = 200
"""Mistakes that are told of one text: nobody reads more, and a large text may have millions."""

_AROUND = 5 * LONGEST
"""Characters before and behind a mistake that are looked at: what is shown lies well within."""


class Severity(StrEnum):
    """An error forbids a Save, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake; `code` is stable, `path` leads to the value, `advice` is a sentence.

    `on_key` says that the key itself is the mistake and not its value.
    """

    code: str
    message: str
    advice: str
    path: Path = ()
    on_key: bool = False
    place: Place | None = None
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether it forbids a Save."""
        return self.severity is Severity.ERROR

    def to_json(self) -> dict[str, object]:
        """The problem as a document."""
        place = self.place
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "advice": self.advice,
            "path": list(self.path),
            "line": place.line if place else None,
            "column": place.column if place else None,
        }


class HasPlaces(Protocol):
    """What knows where in a text something stands: `places.Places`, `piecewise.Pieces`."""

    def key(self, path: Path) -> Place:
        """The place of a key."""

    def value(self, path: Path) -> Place:
        """The place of a value."""


def located(problems: Sequence[Problem], places: Callable[[], HasPlaces]) -> tuple[Problem, ...]:
    """The problems with their places, in the text's order; scans the text only if there are any."""
    if all(problem.place is not None for problem in problems):
        return tuple(problems)
    index = places()
    found = [
        problem
        if problem.place is not None
        else replace(
            problem,
            place=index.key(problem.path) if problem.on_key else index.value(problem.path),
        )
        for problem in problems
    ]
    return tuple(sorted(found, key=_in_order))


def _in_order(problem: Problem) -> tuple[int, int, str]:
    place = problem.place or Place(line=0, column=0)
    return place.line, place.column, problem.code


def most_telling(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Those problems that are told of many: `MOST_TOLD` of them, errors before warnings."""
    if len(problems) <= MOST_TOLD:
        return tuple(problems)
    by_weight = sorted(problems, key=lambda problem: not problem.is_error)
    return tuple(sorted(by_weight[:MOST_TOLD], key=_in_order))


def render(problem: Problem, text: str, name: str) -> str:
    """A problem for people: its place, the line it stands in with carets below, and what to do."""
    return rendered((problem,), text, name)[0]


def rendered(problems: Iterable[Problem], text: str, name: str) -> list[str]:
    """As `render`, for many: the text is gone through once if they are in its order."""
    lines = _Lines(text)
    return [_rendered(problem, lines, name) for problem in problems]


def _rendered(problem: Problem, lines: _Lines, name: str) -> str:
    kind = "" if problem.is_error else "warning: "
    told = f"{kind}{problem.code}: {problem.message}"
    place = problem.place
    if place is None:
        return f"{name}: {told}\n  {problem.advice}"
    shown, marks = lines.excerpt(place)
    return (
        f"{name}:{place.line}:{place.column} {told}\n    {shown}\n    {marks}\n  {problem.advice}"
    )


class _Lines:
    """The lines of a text, found one after the other; only what is shown of one is copied."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line, self._start = 1, 0

    def excerpt(self, place: Place) -> tuple[str, str]:
        start = self._start_of(place.line)
        if start is None:
            return excerpt("", place.column - 1, place.length)
        end = self._text.find("\n", start)
        end = len(self._text) if end < 0 else end
        cut = max(0, place.column - 1 - _AROUND)
        piece = self._text[start + cut : min(end, start + place.column - 1 + _AROUND)]
        if len(piece) == end - start - cut:
            piece = piece.rstrip("\r")
        return excerpt(piece, place.column - 1 - cut, place.length)

    def _start_of(self, line: int) -> int | None:
        if line < self._line:
            self._line, self._start = 1, 0
        while self._line < line:
            end = self._text.find("\n", self._start)
            if end < 0:
                return None
            self._line, self._start = self._line + 1, end + 1
        return self._start
