"""Which lines two texts have in common, and a unified diff of them, for texts of any length.

Law: the blocks are alike, in order and do not overlap, and the diff turns the first text into the
second. Lines that each text has once hold the comparison together (patience diff); only the gaps
between them are compared line by line, and only as far as MOST_WORK goes. So a thousand changes in
a hundred thousand lines take about as long as reading these.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher

CONTEXT = 3
MOST_WORK = 4_000_000
"""Pairs of lines that are compared with each other in all gaps together."""
MOST_ROUNDS = 8
UNENDED = "\n\\ No newline at end of file"
"""What stands behind a last line without an end, as diff(1) writes it."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """Lines of both texts that are still to be compared: from `a` to before `a_end`, and so on."""

    a: int
    a_end: int
    b: int
    b_end: int
    rounds: int = 0

    @property
    def work(self) -> int:
        return (self.a_end - self.a) * (self.b_end - self.b)

    def inside(self, head: int, tail: int) -> _Gap:
        """The gap without so many lines at its beginning and end."""
        return _Gap(self.a + head, self.a_end - tail, self.b + head, self.b_end - tail, self.rounds)


class Matcher(SequenceMatcher[str]):
    """difflib's opcodes and groups of opcodes, from blocks that were found otherwise."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        """Compare two lists of lines."""
        super().__init__()
        self.a, self.b = old, new
        self._blocks = [*_joined(_blocks(old, new)), Match(len(old), len(new), 0)]

    def get_matching_blocks(self) -> list[Match]:
        """The blocks in order, and an empty one at the end, as difflib has it."""
        return self._blocks


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends; a last line that has no end is told apart."""
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, last + UNENDED] if last else lines


def unified(before: str, after: str, *, names: tuple[str, str]) -> list[str]:
    """The lines of a unified diff of two texts, none if they are the same."""
    if before == after:
        return []
    matcher = Matcher(lines_of(before), lines_of(after))
    found = [f"--- {names[0]}", f"+++ {names[1]}"]
    for group in matcher.get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        found.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, a, a_end, b, b_end in group:
            if tag == "equal":
                found += (f" {line}" for line in matcher.a[a:a_end])
                continue
            found += (f"-{line}" for line in matcher.a[a:a_end])
            found += (f"+{line}" for line in matcher.b[b:b_end])
    return [part for line in found for part in line.split("\n")]


def _range(start: int, end: int) -> str:
    """Lines as diff(1) counts them: from 1, and an empty range stands behind the line before."""
    length = end - start
    first = start + 1 if length else start
    return f"{first}" if length == 1 else f"{first},{length}"


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[Match]:
    """Blocks of lines that are alike, in order."""
    left = MOST_WORK
    gaps = [_Gap(0, len(old), 0, len(new))]
    while gaps:
        whole = gaps.pop()
        head, tail = _ends(old, new, whole)
        if head:
            yield Match(whole.a, whole.b, head)
        gap = whole.inside(head, tail)
        if tail:
            gaps.append(_Gap(gap.a_end, whole.a_end, gap.b_end, whole.b_end))
        anchors = _anchors(old, new, gap) if gap.rounds < MOST_ROUNDS else []
        if anchors:
            gaps += reversed(list(_between(gap, anchors)))
        elif 0 < gap.work <= left:
            left -= gap.work
            yield from _compared(old, new, gap)


def _ends(old: Sequence[str], new: Sequence[str], gap: _Gap) -> tuple[int, int]:
    """How many lines are alike at the beginning, and at the end behind those."""
    most = min(gap.a_end - gap.a, gap.b_end - gap.b)
    head = 0
    while head < most and old[gap.a + head] == new[gap.b + head]:
        head += 1
    tail = 0
    while tail < most - head and old[gap.a_end - 1 - tail] == new[gap.b_end - 1 - tail]:
        tail += 1
    return head, tail


def _anchors(old: Sequence[str], new: Sequence[str], gap: _Gap) -> list[tuple[int, int]]:
    """Lines that both have once in the gap, as many as are in the same order in both."""
    theirs = _once(new, gap.b, gap.b_end)
    pairs = [
        (a, theirs[line]) for line, a in _once(old, gap.a, gap.a_end).items() if line in theirs
    ]
    return _rising(pairs)


def _once(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    counted = Counter(lines[start:end])
    return {line: index for index, line in enumerate(lines[start:end], start) if counted[line] == 1}


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest series of pairs that rises in both; they are sorted by the first."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for index, (_, b) in enumerate(pairs):
        place = bisect_left(ends, b)
        before.append(last[place - 1] if place else None)
        ends[place : place + 1] = [b]
        last[place : place + 1] = [index]
    found = []
    at = last[-1] if last else None
    while at is not None:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _between(gap: _Gap, anchors: list[tuple[int, int]]) -> Iterator[_Gap]:
    """The gaps that anchors leave; each begins with its anchor."""
    starts = [(gap.a, gap.b), *anchors]
    ends = [*anchors, (gap.a_end, gap.b_end)]
    for (a, b), (a_end, b_end) in zip(starts, ends, strict=True):
        yield _Gap(a, a_end, b, b_end, gap.rounds + 1)


def _compared(old: Sequence[str], new: Sequence[str], gap: _Gap) -> Iterator[Match]:
    matcher = SequenceMatcher(None, old[gap.a : gap.a_end], new[gap.b : gap.b_end], autojunk=False)
    for a, b, size in matcher.get_matching_blocks()[:-1]:
        yield Match(gap.a + a, gap.b + b, size)


def _joined(blocks: Iterator[Match]) -> Iterator[Match]:
    """Blocks that touch, as one."""
    held: Match | None = None
    for block in blocks:
        if held is not None and (held.a + held.size, held.b + held.size) == (block.a, block.b):
            held = Match(held.a, held.b, held.size + block.size)
            continue
        if held is not None:
            yield held
        held = block
    if held is not None:
        yield held
