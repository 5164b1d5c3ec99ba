"""heartbeat's haresources: LVSM's block in it, rendered and read back; the rest stays as it is.

Grammar: `node resource resource...`, `#` begins a comment line, a backslash continues a line. Ours
are `dir1 plvs::<group>::dir2,dir3`: the primary director, and the others in their order.
Law: render changes only what stands between its two marks, and only typed values get there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lvsm.core.verbs import HaresourcesGroup

BEGIN = "# begin of LVSM's lines: plvsd writes them, and replaces whatever stands here"
END = "# end of LVSM's lines"
_RESOURCE = "plvs"
_BEGIN = re.compile(rf"^{re.escape(BEGIN)}(?:\n|\Z)", re.MULTILINE)
_BLOCK = re.compile(
    rf"^{re.escape(BEGIN)}\n.*?^{re.escape(END)}(?:\n|\Z)", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of ours: a group and its directors in order."""

    group: str
    directors: tuple[str, ...]


def render(existing: str, groups: Sequence[HaresourcesGroup]) -> str:
    """`existing` with LVSM's block replaced, or added at the end; empty without groups."""
    before, after = _around(existing)
    if not groups:
        return before + after
    lines = [BEGIN]
    for entry in groups:
        moves = ", ".join(entry.vips)
        lines.append(f"# {entry.group}: {' '.join(entry.addresses)} ({moves})")
        first, *others = entry.directors
        rest = f"::{','.join(others)}" if others else ""
        lines.append(f"{first} {_RESOURCE}::{entry.group}{rest}")
    lines.append(END)
    if before and not before.endswith("\n"):
        before += "\n"
    if before.endswith("\\\n"):  # it would take our first line for its own
        before += "\n"
    return before + "\n".join(lines) + "\n" + after


def parse(text: str) -> tuple[Line, ...]:
    """LVSM's lines in a haresources file, in their order."""
    found = []
    for line in text.replace("\\\n", " ").split("\n"):
        words = line.split()
        if len(words) != 2 or not words[1].startswith(f"{_RESOURCE}::"):
            continue
        _, group, *rest = words[1].split("::")
        others = tuple(rest[0].split(",")) if rest else ()
        found.append(Line(group=group, directors=(words[0], *others)))
    return tuple(found)


def foreign(text: str) -> tuple[str, ...]:
    """The lines with resources that are not LVSM's."""
    return tuple(
        line
        for line in text.replace("\\\n", " ").split("\n")
        if line.strip() and not line.lstrip().startswith("#") and not _is_ours(line)
    )


def _is_ours(line: str) -> bool:
    words = line.split()
    return len(words) == 2 and words[1].startswith(f"{_RESOURCE}::")


def _around(text: str) -> tuple[str, str]:
    """What stands before and behind our block."""
    block = _BLOCK.search(text)
    if block is not None:
        return text[: block.start()], text[block.end() :]
    begin = _BEGIN.search(text)
    if begin is None:
        return text, ""
    kept: list[str] = []  # somebody removed the end's mark: other people's lines stay
    for line in text[begin.end() :].split("\n"):
        goes_on = line.endswith("\\") or (kept and kept[-1].endswith("\\"))
        if goes_on or not _is_ours(line):
            kept.append(line)
    return text[: begin.start()], "\n".join(kept)
