"""lvsm vip: virtual services."""

from __future__ import annotations

import click

from lvsm.cli import render
from lvsm.cli.command import Group
from lvsm.cli.completing import vip_names
from lvsm.cli.editing import change, new_options, save_options, set_options, settings, some_settings
from lvsm.cli.run import Run, pass_run
from lvsm.core.config_keys import VIP
from lvsm.core.edits.forms import AddVip, RemoveVip, SetVip, enabled


@click.group(cls=Group, short_help="Look at virtual services and change them.")
def vip() -> None:
    """Look at virtual services, add, change and remove them.

    A change is a change of the configuration, saved on every node; comments and order in it stay.

    \b
    Examples:
      lvsm vip list
      lvsm vip show web
      lvsm vip set web --scheduler wrr --dry-run
      lvsm vip disable web --comment "maintenance"
    """


@vip.command("list")
@pass_run
def vip_list(run: Run) -> None:
    """List the virtual services.

    \b
    Examples:
      lvsm vip list
      lvsm vip list --json | jq -r '.items[].name'
    """
    documents = run.ask("VIP LIST").items
    nothing = "No VIP yet: add one with `lvsm vip add` or `lvsm config save FILE`."
    run.output.items(documents, lambda: render.vips(documents, run.output) or nothing)


@vip.command("show")
@click.argument("name", shell_complete=vip_names)
@pass_run
def vip_show(run: Run, name: str) -> None:
    """Show the virtual service NAME with its realservers.

    \b
    Examples:
      lvsm vip show web
      lvsm vip show web --json
    """
    document = run.one("VIP SHOW", name)
    run.output.document(document, lambda: render.vip(document, run.output))


name_argument = click.argument("name", shell_complete=vip_names)


@vip.command("add")
@click.argument("name")
@new_options(VIP)
@save_options
@pass_run
def vip_add(
    run: Run,
    /,
    name: str,
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    **values: object,
) -> int:
    """Add the virtual service NAME; `lvsm rs add` gives it realservers.

    \b
    Examples:
      lvsm vip add web --address 192.0.2.10/24 --ports 80,443 --directors dir1,dir2
      lvsm vip add dns --address 192.0.2.11 --ports 53 --protocol udp --directors dir1 --dry-run
    """
    edit = AddVip(vip=name, values=settings(VIP, values))
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@vip.command("set")
@name_argument
@set_options(VIP)
@save_options
@pass_run
def vip_set(
    run: Run,
    /,
    name: str,
    unset: tuple[str, ...],
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    **values: object,
) -> int:
    """Change the virtual service NAME.

    \b
    Examples:
      lvsm vip set web --scheduler wrr --comment "weights count"
      lvsm vip set web --ports 80,443,8443 --dry-run
      lvsm vip set web --unset persistence --if-generation 41
    """
    edit = SetVip(vip=name, values=some_settings(VIP, values, unset))
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@vip.command("remove")
@name_argument
@save_options
@pass_run
def vip_remove(run: Run, name: str, comment: str, if_generation: int | None, dry_run: bool) -> int:
    """Remove the virtual service NAME with its realservers; `lvsm vip disable` keeps its text.

    \b
    Examples:
      lvsm vip remove web
      lvsm vip remove web --yes --comment "moved away"
    """
    if not dry_run:
        run.confirm(f"Remove the virtual service {name} with its realservers?")
    edit = RemoveVip(vip=name)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@vip.command("enable")
@name_argument
@save_options
@pass_run
def vip_enable(run: Run, name: str, comment: str, if_generation: int | None, dry_run: bool) -> int:
    """Put the virtual service NAME back into service.

    \b
    Examples:
      lvsm vip enable web
    """
    edit = enabled(name, yes=True)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@vip.command("disable")
@name_argument
@save_options
@pass_run
def vip_disable(run: Run, name: str, comment: str, if_generation: int | None, dry_run: bool) -> int:
    """Take the virtual service NAME out of service; its text stays.

    \b
    Examples:
      lvsm vip disable web --comment "maintenance"
    """
    edit = enabled(name, yes=False)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)
