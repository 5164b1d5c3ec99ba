"""What changed from one text to another, as people read it (unified diff)."""

from __future__ import annotations

from difflib import unified_diff

MOST_LINES = 200
LARGEST = 400_000
"""Characters; a larger text is told apart, not compared: it would take too long to wait for."""


def changes(before: str, after: str, *, names: tuple[str, str]) -> list[str]:
    """The lines of a unified diff; MOST_LINES at most, then one that says how many more."""
    if max(len(before), len(after)) > LARGEST:
        return ["the texts are too large to be compared here"] if before != after else []
    found = list(unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))
    more = len(found) - MOST_LINES
    return found if more <= 0 else [*found[:MOST_LINES], f"... {more} more lines"]
