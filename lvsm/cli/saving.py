"""What every command that saves a whole text has in common: its options, the Save, what is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from lvsm.cli import exits
from lvsm.cli.run import Run
from lvsm.core.line_diff import unified

_F = TypeVar("_F", bound=Callable[..., Any])
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a text is to be saved: `confirm` is in seconds, None for a Save that stays by itself."""

    comment: str = ""
    confirm: int | None = None
    force: bool = False

    @property
    def options(self) -> dict[str, object]:
        """As the protocol has them."""
        return {
            "comment": self.comment or None,
            "confirm": self.confirm,
            "force": "yes" if self.force else None,
        }


class Span(click.ParamType[int, str]):
    """How long, in whole seconds: `90`, `90s`, `5m`, `2h`."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Find mistakes before anybody is asked."""
        from lvsm.core.moments import BadMomentError, span

        try:
            return max(1, round(span(str(value))))
        except BadMomentError as error:
            self.fail(error.message, param, ctx)


def terms_options(command: _F) -> _F:
    """--comment, --confirm and --force, which a command takes as `terms`."""
    for option in (
        click.option(
            "--force",
            is_flag=True,
            help="Save on the nodes within reach although they are no majority; what the others"
            " save meanwhile is displaced when they come back, and kept in the history.",
        ),
        click.option(
            "--confirm",
            type=Span(),
            metavar="TIME",
            help="Take it back after TIME (90s, 5m) unless `lvsm config confirm` comes before.",
        ),
        click.option("--comment", default="", metavar="TEXT", help="Why; kept in the history."),
    ):
        command = option(command)
    return command


def outcome(document: Mapping[str, Any]) -> str:
    """What a Save's answer is for people: remarks, the sentence, what to do now."""
    lines = [*document.get("rendered", ()), document["summary"]]
    if document.get("confirm_by"):
        lines.append("It is taken back unless you confirm it in time: lvsm config confirm")
    elif document.get("undo"):
        lines.append(f"undo: {document['undo']}")
    return "\n".join(lines)


def status(document: Mapping[str, Any]) -> int:
    """The exit status after a Save: PARTIAL while some nodes do not have it."""
    return exits.OK if document.get("complete", True) else exits.PARTIAL


def tell(run: Run, document: Document) -> int:
    """Print what became of a Save; the exit status."""
    run.output.document(document, lambda: outcome(document))
    return status(document)


def show_rollback(run: Run, generation: str) -> int:
    """Show what saving the text of a generation again would change; the exit status."""
    from lvsm.cli import past
    from lvsm.cli.planning import plan

    present = run.one("CONFIG SHOW")
    wanted = run.one("CONFIG SHOW", generation)
    name = f"generation {wanted['generation']}"
    planned = plan(run, wanted["text"].encode(), name)
    names = (f"generation {present['generation']}", name)
    lines = unified(present["text"], wanted["text"], names=names)
    shown = [*past.colored(lines, run.output), planned.text]
    run.output.document({**planned.document, "difference": lines}, "\n".join(shown))
    return planned.status()
