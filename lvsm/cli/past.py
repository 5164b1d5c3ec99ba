"""The history and the differences of generations, as people read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from lvsm.cli import render
from lvsm.cli.output import Output
from lvsm.cli.telling import local_time
from lvsm.core import epochs
from lvsm.core.model_changes import line

Document = Mapping[str, Any]

_COLORS = {"+": "green", "-": "red", "@": "cyan", "~": "yellow"}


def history(rows: Sequence[Document], more: int, output: Output) -> str:
    """What `lvsm config history` prints; `more` generations are older than those of the table."""
    if not rows:
        return "Nothing has been saved yet."
    header = ("GENERATION", "EPOCH", "SAVED", "BY", "ON", "STATE", "COMMENT")
    table = [
        (
            str(row["generation"]),
            epochs.name(row["epoch"]),
            "?" if row["saved_at"] is None else local_time(row["saved_at"]),
            _text(row["author"]),
            _text(row["node"]),
            row["state"],
            "this node's file of it is lost" if row["author"] is None else row["comment"],
        )
        for row in rows
    ]
    lines = [_sentence(rows), "", output.table(header, table, right="GENERATION EPOCH")]
    if any(row["state"] == "conflict" for row in rows):
        lines += ["", "conflict: a forced Save displaced it, or it was never finished; its text is"]
        lines[-1] += " kept: lvsm config show NUMBER@EPOCH"
    if more:
        lines += ["", f"{more} older: lvsm config history --all"]
    return "\n".join(lines)


def difference(document: Document, output: Output) -> str:
    """What `lvsm config diff` prints: a sentence, the objects, the lines."""
    old, new = document["from"]["generation"], document["to"]["generation"]
    where = f"generation {old} -> {new}"
    if not document["lines"]:
        return f"{where}: no difference"
    parts = [f"{where}: {_counted(document['changes'])}", *changes(document, output)]
    return "\n".join([*parts, "", *colored(document["lines"], output)])


def changes(document: Document, output: Output) -> list[str]:
    """The objects that differ, a line each."""
    found = document["changes"]
    lines = [f"  {line(change)}" for change in found or ()]
    return [_line(entry, entry[2:3], output) for entry in lines]


def colored(lines: Sequence[str], output: Output) -> list[str]:
    """The lines of a unified diff."""
    heads = ("--- ", "+++ ")
    return [
        entry if entry.startswith(heads) else _line(entry, entry[:1], output) for entry in lines
    ]


def said_comment(comment: str | None) -> str:
    """A comment behind a sentence."""
    return f": {json.dumps(comment, ensure_ascii=False)}" if comment else ""


def _sentence(rows: Sequence[Document]) -> str:
    used = next((row for row in rows if row["state"] in {"in use", "unconfirmed"}), None)
    if used is None:
        return "None of these is in use."
    state = "is in use" if used["state"] == "in use" else "is in use and waits to be confirmed"
    return (
        f"generation {used['generation']} {state}, saved {render.age(used['ago_s'])} ago by"
        f" {used['author']} on {used['node']}{said_comment(used['comment'])}"
    )


def _counted(found: Sequence[Document] | None) -> str:
    if found is None:
        return "one of the texts has keys that this version does not know"
    if not found:
        return "only comments, order or spelling"
    return f"{len(found)} change{'s' if len(found) > 1 else ''}"


def _line(text: str, mark: str, output: Output) -> str:
    color = _COLORS.get(mark) if output.color else None
    return text if color is None else click.style(text, fg=color)


def _text(value: object) -> str:
    return str(value) if value else "-"
