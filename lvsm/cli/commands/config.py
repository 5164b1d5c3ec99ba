"""lvsm config: the cluster's configuration."""

from __future__ import annotations

from typing import TextIO

import click

from lvsm.cli.command import Group
from lvsm.cli.commands import config_past, config_saving
from lvsm.cli.commands.config_saving import file_argument
from lvsm.cli.planning import plan
from lvsm.cli.run import Run, name_of, pass_run, text_of


@click.group(cls=Group, short_help="Show, check and save the configuration.")
def config() -> None:
    """Show, check, edit and save the cluster's configuration.

    Every saved configuration is a generation, and all of them are kept.

    \b
    Examples:
      lvsm config show > www.toml
      lvsm config history
      lvsm config diff 41
      lvsm config check www.toml
      lvsm config save www.toml --comment "add web"
      lvsm config rollback 41
    """


@config.command("show")
@click.argument("generation", required=False)
@pass_run
def config_show(run: Run, generation: str | None) -> None:
    """Print the configuration as it was saved last, or as GENERATION of the history.

    \b
    Examples:
      lvsm config show > www.toml
      lvsm config show 41
      lvsm config show --json | jq .generation
    """
    document = run.one("CONFIG SHOW", *([generation] if generation else []))
    run.output.text(document, document["text"])


config.add_command(config_past.config_history)
config.add_command(config_past.config_diff)


@config.command("check")
@file_argument
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="End with 0 when saving it would change nothing, 2 when it would, 1 on mistakes.",
)
@pass_run
def config_check(run: Run, file: TextIO, detailed_exitcode: bool) -> int:
    """Hold FILE (`-` for standard input) against every rule and show the plan; save nothing.

    The plan is what each node would do, in order, as the commands that do the same, and how many
    live connections that would end. A node that cannot be asked now is named. The exit status is 0
    when it could be saved and 1 when it has mistakes.

    \b
    Examples:
      lvsm config check www.toml
      lvsm config check www.toml --detailed-exitcode
      lvsm config show | sed s/wlc/wrr/ | lvsm config check - --json | jq .nodes
    """
    planned = plan(run, text_of(file), name_of(file))
    run.output.document(planned.document, planned.text)
    return planned.status(detailed=detailed_exitcode)


config.add_command(config_saving.config_save)
config.add_command(config_saving.config_edit)
config.add_command(config_saving.config_rollback)
config.add_command(config_saving.config_confirm)
