"""lvsm status."""

from __future__ import annotations

import click

from lvsm.cli import exits, render
from lvsm.cli.command import Command
from lvsm.cli.run import Run, pass_run


@click.command(cls=Command, short_help="Whether the cluster serves, who holds what.")
@pass_run
def status(run: Run) -> int:
    """Show whether the cluster serves, and who holds what.

    The exit status is 0 when it is OK and 7 when something is wrong.

    \b
    Examples:
      lvsm status
      lvsm status --json | jq .state
      lvsm --node 10.1.0.11 status
    """
    document = run.one("STATUS")
    run.output.document(document, lambda: render.status(document, run.output))
    return exits.OK if document["state"] == "OK" else exits.DEGRADED
