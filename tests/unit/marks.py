"""Places in texts, shown where they are: `unmarked("a = «1»")` is the text and the marked place."""

from __future__ import annotations

from lvsm.core.places import Place


def unmarked(marked: str) -> tuple[str, Place]:
    """The text without its two marks, and what stood between them; a mark of length 0 counts 1."""
    before, rest = marked.split("«")
    inside, after = rest.split("»")
    line_start = before.rfind("\n") + 1
    place = Place(
        line=before.count("\n") + 1,
        column=len(before) - line_start + 1,
        length=max(1, len(inside)),
    )
    return before + inside + after, place
