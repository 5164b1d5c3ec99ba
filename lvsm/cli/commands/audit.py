"""lvsm audit: who changed what."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import click

from lvsm.cli.command import Group
from lvsm.cli.run import Run, pass_run


class _Moment(click.ParamType[str, str]):
    """A moment as `core.moments` reads it; it is sent as it was written."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Find mistakes before anybody is asked."""
        from lvsm.core.moments import BadMomentError, moment

        try:
            moment(value, 0.0)
        except BadMomentError as error:
            self.fail(error.message, param, ctx)
        return value


@click.group(cls=Group, short_help="Who changed what, and which logins were refused.")
def audit() -> None:
    """Look at a node's audit log: who changed what, and which logins were refused.

    Every node records what was asked of it, so ask each one, with --node.

    \b
    Examples:
      lvsm audit show --since 2h
      lvsm audit show --follow
    """


@audit.command("show")
@click.option(
    "--since",
    type=_Moment(),
    metavar="TIME",
    help="Only what is newer: 90, 5m, 2h, 7d say how long ago, 2026-11-24T19:49:16Z says when.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="The newest so many. Default: 100, or all with --since.",
)
@click.option("--follow", "-f", is_flag=True, help="Then show each record as it is written.")
@pass_run
def audit_show(run: Run, since: str | None, limit: int | None, follow: bool) -> None:
    """Show the records, the oldest first, with the times of this machine.

    With --follow it goes on until Ctrl-C, also when plvsd is started again; with --json as well,
    each record is a line.

    \b
    Examples:
      lvsm audit show --limit 20
      lvsm audit show --since 2026-11-24 --json | jq '.items[].verb'
      lvsm audit show --since 1h --follow
    """
    from lvsm.cli import telling

    options = {"since": since, "limit": limit}
    output = run.output
    if not follow:
        documents = run.ask("AUDIT SHOW", options=options).items
        lines = (telling.line(document, output) for document in documents)
        output.items(documents, lambda: "\n".join(lines) or "Nothing was recorded.")
        return
    shown = _Shown(options)
    with (
        run.connected() as client,
        client.follow(
            "AUDIT FOLLOW", options=options, lost=run.tell_lost, again=shown.options
        ) as events,
    ):
        for event in events:
            if event.resync:
                output.note("lvsm: plvsd is here again; nothing is missing")
            elif shown.is_new(event.fields):
                output.event(event.fields, telling.line(event.fields, output))


class _Shown:
    """What was shown last: whoever asks again is told of it once more."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = options
        self._records: deque[Mapping[str, Any]] = deque(maxlen=1_000)
        self._asked_again = False

    def options(self) -> Mapping[str, object]:
        """Those to ask with again: from the last record on, and that one too."""
        from lvsm.core.moments import iso

        self._asked_again = True
        return {"since": iso(self._records[-1]["at"])} if self._records else self._options

    def is_new(self, record: Mapping[str, Any]) -> bool:
        """Whether it was not shown yet; it is from now on."""
        new = not (self._asked_again and record in self._records)
        if new:
            self._records.append(record)
        return new
