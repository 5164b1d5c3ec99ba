"""lvsm help."""

from __future__ import annotations

import click

from lvsm.cli import exits
from lvsm.cli.command import Command
from lvsm.cli.completing import topics

EXIT_CODES = "exit-codes"
ERROR_CODES = "error-codes"


@click.command("help", cls=Command, short_help="Explain a command, an error, the exit codes.")
@click.argument("topic", nargs=-1, metavar="[COMMAND...|CODE]", shell_complete=topics)
@click.pass_context
def help_(context: click.Context, topic: tuple[str, ...]) -> None:
    """Explain a command, or an error's CODE: why it comes and what to do.

    The CODE stands in brackets behind an error. With `exit-codes` it says what lvsm ends with, with
    `error-codes` it lists every CODE.

    \b
    Examples:
      lvsm help config save
      lvsm help conflict
      lvsm help exit-codes
    """
    if topic == (EXIT_CODES,):
        click.echo("\n".join(f"{e.number:>3}  {e.word:<12}  {e.meaning}" for e in exits.TABLE))
    elif topic == (ERROR_CODES,):
        click.echo(_codes())
    else:
        found = context.find_root()
        note = None if _is_command(found, topic) else _code(topic)
        click.echo(note or _command(found, topic).get_help())


def _is_command(root: click.Context, topic: tuple[str, ...]) -> bool:
    group = root.command
    return (
        isinstance(group, click.Group) and topic[:1] != () and topic[0] in group.list_commands(root)
    )


def _command(found: click.Context, topic: tuple[str, ...]) -> click.Context:
    for word in topic:
        group = found.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"`{found.command_path}` has no commands.", found)
        name, command, _ = group.resolve_command(found, [word])
        if command is not None:
            found = click.Context(command, parent=found, info_name=name)
    return found


def _code(topic: tuple[str, ...]) -> str | None:
    """What a code means, wherever it is met; None for a topic that is none."""
    from lvsm.core.error_codes import Where, about

    notes = about(topic[0]) if len(topic) == 1 else {}
    parts = [f"{where.value}:\n  {note.cause}\n  {note.cure}" for where, note in notes.items()]
    if notes.keys() & {Where.ANSWER, Where.CLIENT}:
        parts.append(f"lvsm ends with {exits.of_code(topic[0])}.")
    return "\n\n".join(parts) or None


def _codes() -> str:
    from lvsm.core.error_codes import CODES

    return "\n\n".join(
        "\n".join([f"{where.value}:", *(f"  {code}" for code in notes)])
        for where, notes in CODES.items()
    )
