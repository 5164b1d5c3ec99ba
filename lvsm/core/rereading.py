"""A configuration text read with the help of one that was read before: only what differs is read.

Law: `reread(before, text).parsed` says what `config_text.parse(text)` says. Whoever changes one
virtual service of thousands does not pay for the others, however the change was made: by an edit,
by hand, or on another node.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lvsm.core.config_text import MAX_BYTES, Parsed, parse
from lvsm.core.model import Configuration
from lvsm.core.outline import Name, Outline, changed, outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text, what it says, and where its objects stand (None when only reading it whole tells)."""

    text: str
    parsed: Parsed
    outline: Outline | None


def read(text: str) -> Reading:
    """Read a text whole."""
    parsed = parse(text)
    return Reading(
        text=text,
        parsed=parsed,
        outline=None if parsed.configuration is None else outline(text),
    )


def reread(before: Reading, text: str) -> Reading:
    """Read `text`, of which most may stand in `before` too."""
    if text == before.text:
        return before
    return _spliced(before, text) or read(text)


def _spliced(before: Reading, text: str) -> Reading | None:
    old = before.parsed.configuration
    if (
        old is None
        or before.outline is None
        or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES
    ):
        return None
    found = changed(before.outline, before.text, text)
    if found is None:
        return None
    pieces = [text[start:end] for start, end in found.outline.spans(found.names)]
    fresh = parse("".join(pieces)).configuration
    if fresh is None:
        return None
    configuration = _merged(old, fresh, found.names, found.outline)
    return Reading(
        text=text,
        parsed=Parsed(configuration=configuration, problems=()),
        outline=found.outline,
    )


def _merged(
    old: Configuration, fresh: Configuration, names: Collection[Name], found: Outline
) -> Configuration:
    """`old`, with those objects as `fresh` has them, in the order of the new text."""
    nodes, vips = {}, {}
    for name in found.names():
        source = fresh if name in names else old
        if name[0] == "node":
            nodes[name[1]] = source.nodes[name[1]]
        elif name[0] == "vip":
            vips[name[1]] = source.vips[name[1]]
    return Configuration(
        cluster=fresh.cluster if ("cluster",) in names else old.cluster, nodes=nodes, vips=vips
    )
