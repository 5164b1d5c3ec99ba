"""lvsm help."""

from __future__ import annotations

import click

from lvsm.cli import exits
from lvsm.cli.command import Command

EXIT_CODES = "exit-codes"


@click.command("help", cls=Command, short_help="Explain a command, or the exit codes.")
@click.argument("topic", nargs=-1, metavar="[COMMAND...]")
@click.pass_context
def help_(context: click.Context, topic: tuple[str, ...]) -> None:
    """Explain a command, or with `exit-codes` what lvsm ends with.

    \b
    Examples:
      lvsm help config save
      lvsm help exit-codes
    """
    if topic == (EXIT_CODES,):
        click.echo("\n".join(f"{e.number:>3}  {e.word:<12}  {e.meaning}" for e in exits.TABLE))
        return
    found = context.find_root()
    for word in topic:
        group = found.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"`{found.command_path}` has no commands.", context)
        name, command, _ = group.resolve_command(found, [word])
        if command is not None:
            found = click.Context(command, parent=found, info_name=name)
    click.echo(found.get_help())
