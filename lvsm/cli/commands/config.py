"""lvsm config: the cluster's configuration."""

from __future__ import annotations

from typing import Any, TextIO

import click

from lvsm.cli import exits
from lvsm.cli.command import Group
from lvsm.cli.planning import plan
from lvsm.cli.run import Run, name_of, pass_run, text_of

file_argument = click.argument("file", type=click.File(encoding="utf-8"))


@click.group(cls=Group, short_help="Show, check and save the configuration.")
def config() -> None:
    """Show, check and save the cluster's configuration.

    \b
    Examples:
      lvsm config show > www.toml
      lvsm config check www.toml
      lvsm config save www.toml --comment "add web"
    """


@config.command("show")
@pass_run
def config_show(run: Run) -> None:
    """Print the configuration as it was saved last.

    \b
    Examples:
      lvsm config show > www.toml
      lvsm config show --json | jq .generation
    """
    document = run.one("CONFIG SHOW")
    run.output.text(document, document["text"])


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


@config.command("save")
@file_argument
@click.option("--comment", default="", metavar="TEXT", help="Why; kept in the history.")
@click.option(
    "--if-generation",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="Save only if this is the present generation: the one that FILE was made from.",
)
@click.option("--dry-run", is_flag=True, help="Check only: the same as `config check`.")
@pass_run
def config_save(
    run: Run, file: TextIO, comment: str, if_generation: int | None, dry_run: bool
) -> int:
    """Make FILE (`-` for standard input) the configuration of the whole cluster.

    \b
    Examples:
      lvsm config save www.toml --comment "add web"
      lvsm config show | sed s/wlc/wrr/ | lvsm config save -
      lvsm config save www.toml --if-generation 41
    """
    if dry_run:
        planned = plan(run, text_of(file), name_of(file))
        run.output.document(planned.document, planned.text)
        return planned.status()
    options = {"name": name_of(file), "comment": comment, "base": if_generation}
    document = run.one("CONFIG SAVE", options=options, literal=text_of(file))
    run.output.document(document, _outcome(document))
    return exits.OK if document.get("complete", True) else exits.PARTIAL


def _outcome(document: dict[str, Any]) -> str:
    return "\n".join([*document["rendered"], document["summary"]])
