"""lvsm rs: the realservers of a virtual service."""

from __future__ import annotations

import click

from lvsm.cli.command import Group
from lvsm.cli.completing import vip_names
from lvsm.cli.editing import change, new_options, save_options, set_options, settings, some_settings
from lvsm.cli.run import Run, pass_run
from lvsm.core.config_keys import REALSERVER
from lvsm.core.edits.forms import AddRealserver, RemoveRealserver, SetRealserver

KEYS = {name: key for name, key in REALSERVER.items() if name != "node"}
vip_argument = click.argument("vip", shell_complete=vip_names)
node_argument = click.argument("node")
at_option = click.option(
    "--at",
    type=click.INT,
    metavar="PORT",
    help="Which one is meant, if NODE answers by several ports.",
)


@click.group(cls=Group, short_help="Add, change and remove realservers.")
def rs() -> None:
    """Add, change and remove the realservers of a virtual service.

    Each is a change of the configuration, saved on every node; comments and order in it stay.

    \b
    Examples:
      lvsm rs add web rs3 --weight 10
      lvsm rs set web rs3 --weight 20 --dry-run
      lvsm rs remove web rs3 --comment "goes to repair"
    """


@rs.command("add")
@vip_argument
@node_argument
@new_options(KEYS)
@save_options
@pass_run
def rs_add(
    run: Run,
    /,
    vip: str,
    node: str,
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    **values: object,
) -> int:
    """Make NODE a realserver of the virtual service VIP.

    \b
    Examples:
      lvsm rs add web rs3
      lvsm rs add web rs3 --port 8080 --weight 10 --dry-run
    """
    edit = AddRealserver(vip=vip, node=node, values=settings(KEYS, values))
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@rs.command("set")
@vip_argument
@node_argument
@at_option
@set_options(KEYS)
@save_options
@pass_run
def rs_set(
    run: Run,
    /,
    vip: str,
    node: str,
    at: int | None,
    unset: tuple[str, ...],
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    **values: object,
) -> int:
    """Change the realserver NODE of the virtual service VIP.

    \b
    Examples:
      lvsm rs set web rs3 --weight 20
      lvsm rs set web rs3 --unset upper --unset lower
      lvsm rs set web rs3 --at 8080 --weight 5
    """
    chosen = some_settings(KEYS, values, unset)
    edit = SetRealserver(vip=vip, node=node, port=at, values=chosen)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@rs.command("remove")
@vip_argument
@node_argument
@at_option
@save_options
@pass_run
def rs_remove(
    run: Run,
    vip: str,
    node: str,
    at: int | None,
    comment: str,
    if_generation: int | None,
    dry_run: bool,
) -> int:
    """Remove the realserver NODE from the virtual service VIP; its connections break.

    \b
    Examples:
      lvsm rs remove web rs3
      lvsm rs remove web rs3 --at 8080 --yes
    """
    if not dry_run:
        run.confirm(f"Remove the realserver {node} from {vip}?")
    edit = RemoveRealserver(vip=vip, node=node, port=at)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)
