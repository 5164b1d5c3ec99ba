"""lvsm watch."""

from __future__ import annotations

import click

from lvsm.cli.command import Command
from lvsm.cli.run import Run, pass_run
from lvsm.core.events import TOPICS


@click.command(cls=Command, short_help="Show what happens, as it happens.")
@click.argument("topics", nargs=-1, type=click.Choice(list(TOPICS)), metavar="[TOPIC...]")
@pass_run
def watch(run: Run, topics: tuple[str, ...]) -> None:
    """Show what happens, as it happens, until Ctrl-C: first how things are, then each change.

    TOPICs are status (the cluster's state), health (realservers), config (generations) and events
    (what the node did and saw); without any, all of them. When the node is lost, it goes on at the
    next --node, or waits until there is one again, and says that something may be missing. With
    --json each event is a line.

    \b
    Examples:
      lvsm watch
      lvsm watch health --json | jq -r .realserver
      lvsm --node dir1 --node dir2 watch events
    """
    from lvsm.cli import telling

    last = ""
    with (
        run.connected() as client,
        client.watch(*(topics or TOPICS), lost=run.tell_lost) as events,
    ):
        for event in events:
            text = telling.line(event.fields, run.output)
            sentence = text.partition("  ")[2]
            if run.output.as_json or event.name != "status" or sentence != last:
                run.output.event(event.fields, text)
            last = sentence if event.name == "status" else last
