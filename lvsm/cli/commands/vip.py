"""lvsm vip: virtual services."""

from __future__ import annotations

import click

from lvsm.cli import render
from lvsm.cli.command import Group
from lvsm.cli.completing import vip_names
from lvsm.cli.run import Run, pass_run


@click.group(cls=Group, short_help="Look at virtual services.")
def vip() -> None:
    """Look at virtual services.

    \b
    Examples:
      lvsm vip list
      lvsm vip show web
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
    nothing = "No VIP yet: add one with `lvsm config save FILE`."
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
