"""lvsm config: what makes a new generation."""

from __future__ import annotations

from typing import TextIO

import click

from lvsm.cli import saving
from lvsm.cli.command import Command
from lvsm.cli.planning import plan
from lvsm.cli.run import Run, name_of, pass_run, text_of
from lvsm.cli.saving import Terms, terms_options

file_argument = click.argument("file", type=click.File(encoding="utf-8"))
if_generation_option = click.option(
    "--if-generation",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="Save only if this is the present generation: the one that you started from.",
)


@click.command("save", cls=Command)
@file_argument
@terms_options
@if_generation_option
@click.option("--dry-run", is_flag=True, help="Check only: the same as `config check`.")
@pass_run
def config_save(
    run: Run,
    file: TextIO,
    comment: str,
    confirm: int | None,
    force: bool,
    if_generation: int | None,
    dry_run: bool,
) -> int:
    """Make FILE (`-` for standard input) the configuration of the whole cluster.

    The exit status is 0 when every node has it, 6 when the others will get it later, 5 when
    somebody saved meanwhile: then what changed is shown, and nothing was saved.

    \b
    Examples:
      lvsm config save www.toml --comment "add web"
      lvsm config show | sed s/wlc/wrr/ | lvsm config save -
      lvsm config save www.toml --if-generation 41
      lvsm config save www.toml --confirm 5m
    """
    if dry_run:
        planned = plan(run, text_of(file), name_of(file))
        run.output.document(planned.document, planned.text)
        return planned.status()
    terms = Terms(comment=comment, confirm=confirm, force=force)
    options = {"name": name_of(file), "base": if_generation, **terms.options}
    return saving.tell(run, run.one("CONFIG SAVE", options=options, literal=text_of(file)))


@click.command("edit", cls=Command)
@terms_options
@click.option("--dry-run", is_flag=True, help="Show what saving would do; save nothing.")
@pass_run
def config_edit(run: Run, comment: str, confirm: int | None, force: bool, dry_run: bool) -> int:
    """Edit the configuration in $VISUAL or $EDITOR, and save it.

    Mistakes are shown and the editor opens again. If somebody saved meanwhile, what they changed is
    shown, and the editor opens with both changes in one text. Whatever is not saved is kept in a
    file, whose name is told.

    \b
    Examples:
      lvsm config edit
      EDITOR=nano lvsm config edit --comment "more weight" --confirm 5m
    """
    from lvsm.cli.config_editing import Editing

    terms = Terms(comment=comment, confirm=confirm, force=force)
    return Editing(run, terms, dry_run=dry_run).go()


@click.command("rollback", cls=Command)
@click.argument("generation")
@terms_options
@if_generation_option
@click.option("--dry-run", is_flag=True, help="Show what would change; save nothing.")
@pass_run
def config_rollback(
    run: Run,
    generation: str,
    comment: str,
    confirm: int | None,
    force: bool,
    if_generation: int | None,
    dry_run: bool,
) -> int:
    """Save the text of an older GENERATION again, as a new generation; nothing is forgotten.

    \b
    Examples:
      lvsm config rollback 41 --dry-run
      lvsm config rollback 41 --comment "tls broke the shop"
    """
    terms = Terms(comment=comment, confirm=confirm, force=force)
    if dry_run:
        return saving.show_rollback(run, generation)
    options = {"base": if_generation, **terms.options}
    return saving.tell(run, run.one("CONFIG ROLLBACK", generation, options=options))


@click.command("confirm", cls=Command)
@if_generation_option
@pass_run
def config_confirm(run: Run, if_generation: int | None) -> int:
    """Confirm the generation in use, which `--confirm` would take back otherwise.

    \b
    Examples:
      lvsm config confirm
      lvsm config confirm --if-generation 42
    """
    return saving.tell(run, run.one("CONFIG CONFIRM", options={"generation": if_generation}))
