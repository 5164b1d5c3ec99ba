"""The generated parts of a page of Markdown, each between two comments that name it.

    <!-- limits: written by `make docs` -->
    ...
    <!-- end of limits -->

Law: whatever stands outside such parts is never touched, and filling a page twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

BLOCK = re.compile(
    r"(?P<begin><!-- (?P<name>[a-z-]+): written by `make docs` -->\n)"
    r"(?P<body>.*?)"
    r"(?P<end><!-- end of (?P=name) -->)",
    re.DOTALL,
)
Maker = Callable[[str], str]
"""Makes a part anew from what stands there now."""


class BlockError(Exception):
    """A page and the parts that can be made for it do not fit."""


def fill(page: str, makers: Mapping[str, Maker]) -> str:
    """The page with every part made anew; raises BlockError when one is unknown or unused."""
    names = [match["name"] for match in BLOCK.finditer(page)]
    if sorted(names) != sorted(makers):
        raise BlockError(f"the page has the parts {sorted(names)}, not {sorted(makers)}")

    def made(match: re.Match[str]) -> str:
        body = makers[match["name"]](match["body"]).strip("\n")
        return f"{match['begin']}{body}\n{match['end']}"

    return BLOCK.sub(made, page)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
