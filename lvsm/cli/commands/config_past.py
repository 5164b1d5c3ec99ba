"""lvsm config: what was saved before, and what changed since."""

from __future__ import annotations

from typing import Any

import click

from lvsm.cli.command import Command
from lvsm.cli.run import Run, pass_run

EVERY = 10**9
"""The limit for whoever wants all generations."""

older_argument = click.argument("older", metavar="GENERATION")
newer_argument = click.argument("newer", metavar="[GENERATION]", required=False)


@click.command("history", cls=Command)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="NUMBER",
    help="The newest so many.",
)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@pass_run
def config_history(run: Run, limit: int, everything: bool) -> None:
    """Show who saved which generation, when and why; the newest first.

    The state is `in use`, `saved`, `unconfirmed` (somebody has to confirm it), or `conflict`: a
    forced Save displaced it, or it was never finished. Its text is kept all the same.

    \b
    Examples:
      lvsm config history
      lvsm config history --all --json | jq -r '.items[] | [.generation, .author] | @tsv'
    """
    from lvsm.cli import past

    answer = run.ask("CONFIG HISTORY", options={"limit": EVERY if everything else limit})
    shown, _, total = answer.text.partition(" of ")
    more = int(total.split()[0]) - int(shown) if total else 0
    run.output.items(answer.items, lambda: past.history(answer.items, more, run.output))


@click.command("diff", cls=Command)
@older_argument
@newer_argument
@click.option("--text", "only_text", is_flag=True, help="Only the lines, as patch(1) takes them.")
@click.option("--changes", "only_changes", is_flag=True, help="Only the objects that differ.")
@pass_run
def config_diff(
    run: Run, older: str, newer: str | None, only_text: bool, only_changes: bool
) -> None:
    """Show what changed from one generation to another, or to the one in use.

    First the objects that differ, then the lines. A GENERATION is a number; NUMBER@EPOCH or the
    first letters of its hash name one that a forced Save displaced; 0 is the empty one.

    \b
    Examples:
      lvsm config diff 41
      lvsm config diff 41 42 --changes
      lvsm config diff 41 42 --text | patch www.toml
    """
    from lvsm.cli import past

    if only_text and only_changes:
        raise click.UsageError("--text and --changes: which one?")
    words = [older] if newer is None else [older, newer]
    document = run.one("CONFIG DIFF", *words)
    output = run.output
    if only_text:
        output.text(document, "".join(f"{line}\n" for line in document["lines"]))
    elif only_changes:
        output.document(document, "\n".join(_changes(document, run)))
    else:
        output.document(document, lambda: past.difference(document, output))


def _changes(document: dict[str, Any], run: Run) -> list[str]:
    from lvsm.cli import past

    if document["changes"] is None:
        return ["One of the texts has keys that this version does not know: see --text."]
    return past.changes(document, run.output) or ["no difference but comments, order, spelling"]
