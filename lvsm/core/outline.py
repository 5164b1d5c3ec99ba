"""Which pieces of a text belong to which object: `[cluster]`, each `[node.X]`, each `[vip.X...]`.

Law: only headers are looked at, so it takes a fraction of the time of reading the text. Where that
could be wrong (tables written by dots or braces, text in triple quotes) there is no outline, and
whoever wants one reads the whole text instead.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from lvsm.core.places import Span

Name: TypeAlias = tuple[str, ...]
"""An object: `("cluster",)`, `("node", "rs1")` or `("vip", "web")`."""

Run: TypeAlias = tuple[int, Name]
"""Where headers of an object begin, one after another; what follows belongs to it."""

_BLANKS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:#[^\n]*)?")
_HEADER = re.compile(
    r"^[ \t]*\[(?:\[?[ \t]*(?:(cluster)[ \t]*\]"
    r"|(node|vip)[ \t]*\.[ \t]*(?:([A-Za-z0-9_-]+)|\"([^\"\\\n]*)\"|'([^'\n]*)')[ \t]*[.\]])"
    r"|())",
    re.MULTILINE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The runs of a text in their order, and the text's length in characters."""

    runs: tuple[Run, ...]
    length: int

    def names(self) -> dict[Name, None]:
        """The objects in the order of their first header."""
        return dict.fromkeys(name for _, name in self.runs)

    def spans(self, names: Collection[Name]) -> list[Span]:
        """The pieces that belong to these objects, in the text's order."""
        ends = (*(start for start, _ in self.runs[1:]), self.length)
        return [
            (start, end)
            for (start, name), end in zip(self.runs, ends, strict=bool(self.runs))
            if name in names
        ]


def outline(text: str) -> Outline | None:
    """The outline of a text, or of a piece of one that begins at a line's start; None for none."""
    runs = _runs(text, 0, len(text))
    return None if runs is None else Outline(runs=runs, length=len(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The outline of a text that was made from another, and the objects that may have changed."""

    outline: Outline
    names: frozenset[Name]


def changed(before: Outline, old: str, new: str) -> Changed | None:
    """The outline of `new` from that of `old`; looks only at what is not alike in both.

    None when that cannot be told; what is not in `names` is written in `new` as it is in `old`.
    """
    first, last = _difference(old, new)
    starts = [start for start, _ in before.runs]
    low = bisect_right(starts, max(first - 1, 0)) - 1
    high = bisect_left(starts, last)
    begin = starts[low] if low >= 0 else 0
    end = starts[high] if high < len(starts) else len(old)
    shift = len(new) - len(old)
    if high < len(starts) and not _ends_a_line(new, end + shift):
        return None
    between = _runs(new, begin, end + shift)
    if between is None:
        return None
    low = max(low, 0)
    names = frozenset(name for _, name in (*before.runs[low:high], *between))
    after = ((start + shift, name) for start, name in before.runs[high:])
    runs = _merged((*before.runs[:low], *between, *after))
    return Changed(outline=Outline(runs=runs, length=len(new)), names=names)


def differing(old: str, new: str) -> int:
    """How many characters the piece of `new` has outside which both are alike."""
    first, last = _difference(old, new)
    return last - first + len(new) - len(old)


def _runs(text: str, begin: int, end: int) -> tuple[Run, ...] | None:
    piece = text[begin:end]
    if '"""' in piece or "'''" in piece:
        return None
    found: list[Run] = []
    for match in _HEADER.finditer(piece):
        cluster, kind, bare, basic, literal, other = match.groups()
        if other is not None:
            return None
        name = (cluster,) if cluster else (kind, bare or basic or literal or "")
        found.append((begin + match.start(), name))
    head = found[0][0] - begin if found else len(piece)
    if not _BLANKS.fullmatch(piece, 0, head):
        return None
    return _merged(found)


def _merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """One run for those that follow each other and belong to the same object."""
    found: list[Run] = []
    last: Name | None = None
    for run in runs:
        if run[1] != last:
            found.append(run)
            last = run[1]
    return tuple(found)


def _ends_a_line(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] == "\n"


def _difference(old: str, new: str) -> Span:
    """The piece of `old` outside which both are alike."""
    shorter = min(len(old), len(new))
    first = _alike(shorter, lambda low, high: old[low:high] == new[low:high])
    ours, theirs = len(old), len(new)
    last = _alike(
        shorter - first,
        lambda low, high: old[ours - high : ours - low] == new[theirs - high : theirs - low],
    )
    return first, ours - last


def _alike(length: int, same: Callable[[int, int], bool]) -> int:
    """How many characters from 0 on are the same; each is compared about twice, by whole pieces."""
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low
