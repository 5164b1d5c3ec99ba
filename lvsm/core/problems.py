"""Mistakes in a text, as data: what is wrong, by which rule, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from lvsm.core.excerpt import excerpt
from lvsm.core.places import Path, Place


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


def render(problem: Problem, text: str, name: str) -> str:
    """A problem for people: its place, the line it stands in with carets below, and what to do."""
    kind = "" if problem.is_error else "warning: "
    told = f"{kind}{problem.code}: {problem.message}"
    place = problem.place
    if place is None:
        return f"{name}: {told}\n  {problem.advice}"
    lines = text.split("\n")
    source = lines[place.line - 1].rstrip("\r") if place.line <= len(lines) else ""
    shown, marks = excerpt(source, place.column - 1, place.length)
    return (
        f"{name}:{place.line}:{place.column} {told}\n    {shown}\n    {marks}\n  {problem.advice}"
    )
