"""How a command that changes what goes on says what it did, and how to take it back."""

from __future__ import annotations

from typing import Any

import click

from lvsm.cli.run import Run
from lvsm.core.errors import LvsmError

reason_option = click.option(
    "--reason", default=None, metavar="TEXT", help="Why; shown to whoever looks."
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be done; change nothing."
)


def change(run: Run, verb: str, *words: str, **options: object) -> dict[str, Any]:
    """Have something changed: the answer's document with its summary; raises LvsmError."""
    given = {key.replace("_", "-"): value for key, value in options.items() if value}
    answer = run.ask(verb, *words, options=given)
    if not answer.items:
        raise LvsmError(f"plvsd answered {verb} with nothing: its version may be another")
    return {**answer.items[0], "summary": answer.text}


def text(document: dict[str, Any]) -> str:
    """What was done, what moves, and the command that takes it back."""
    lines = [document["summary"]]
    for move in document.get("moves", ()):
        where = f"moves to {move['to']}" if move["to"] else "stays: nobody can take it"
        lines.append(f"  {move['group']} {where}")
    if document.get("note"):
        lines.append(f"note: {document['note']}")
    if document.get("undo"):
        lines.append(f"undo: {document['undo']}")
    return "\n".join(lines)
