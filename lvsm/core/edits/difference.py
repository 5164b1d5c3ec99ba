"""What one edit changed, as people read it (unified diff).

Law: only the lines between the first and the last that differ are compared, so that a change in a
very long text is shown at once.
"""

from __future__ import annotations

from difflib import unified_diff
from itertools import takewhile

CONTEXT = 3


def difference(before: str, after: str, *, names: tuple[str, str]) -> list[str]:
    """The lines of a unified diff of two texts, none if they are the same."""
    if before == after:
        return []
    old, new = before.split("\n"), after.split("\n")
    shorter = min(len(old), len(new))
    head = _alike(old, new, shorter)
    tail = _alike(old[::-1], new[::-1], shorter - head)
    start = max(0, head - CONTEXT)
    ours = old[start : min(len(old), len(old) - tail + CONTEXT)]
    theirs = new[start : min(len(new), len(new) - tail + CONTEXT)]
    whole = max(len(ours), len(theirs))
    body = list(unified_diff(ours, theirs, lineterm="", n=whole))[3:]
    place = f"@@ -{start + 1},{len(ours)} +{start + 1},{len(theirs)} @@"
    return [f"--- {names[0]}", f"+++ {names[1]}", place, *body]


def _alike(one: list[str], other: list[str], most: int) -> int:
    pairs = zip(one[:most], other[:most], strict=True)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
