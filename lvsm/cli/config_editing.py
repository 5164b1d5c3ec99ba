"""`lvsm config edit`: the text in an editor, and again, until it is saved or given up.

    edit ── the same as before ──► nothing to do
      │ ▲
      │ └── mistakes, or somebody saved meanwhile: told, and if wanted edited again
      └── saved ──► done

Law: what somebody else saved is never overwritten unseen. After a conflict the editor shows both
changes in one text, made from the newer generation, and it has to be saved from there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import click

from lvsm.cli import exits, past, saving
from lvsm.cli.drafts import Draft
from lvsm.cli.failing import refusal_lines
from lvsm.cli.run import Run
from lvsm.cli.saving import Terms
from lvsm.client import RefusedError
from lvsm.core.line_diff import unified
from lvsm.core.merging import merge

NAME = "your text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The generation that a text is made from."""

    number: int
    epoch: int
    text: str


class Editing:
    """One run of `lvsm config edit`."""

    def __init__(self, run: Run, terms: Terms, *, dry_run: bool) -> None:
        """`dry_run` shows what a Save would do instead of saving."""
        self._run = run
        self._terms = terms
        self._dry_run = dry_run

    def go(self) -> int:
        """Edit and save; the exit status. Raises LvsmError, and then the text is kept."""
        self._base = self._present()
        draft = Draft(self._base.text)
        try:
            status = self._rounds(draft)
        except BaseException:
            self._keep(draft)
            raise
        if self._dry_run and draft.text != self._base.text:
            self._keep(draft)
        else:
            draft.drop()
        return status

    def _rounds(self, draft: Draft) -> int:
        while True:
            draft.edit()
            if draft.text == self._base.text:
                click.echo("Nothing was changed.", err=True)
                return exits.OK
            try:
                return self._show(draft) if self._dry_run else self._save(draft)
            except RefusedError as refused:
                if not self._again(refused):
                    raise
                self._prepare(refused, draft)

    def _save(self, draft: Draft) -> int:
        base = {"base": self._base.number, "epoch": self._base.epoch}
        options = {"name": NAME, **base, **self._terms.options}
        literal = draft.text.encode()
        return saving.tell(
            self._run, self._run.one("CONFIG SAVE", options=options, literal=literal)
        )

    def _show(self, draft: Draft) -> int:
        from lvsm.cli.planning import plan

        planned = plan(self._run, draft.text.encode(), NAME)
        lines = unified(
            self._base.text, draft.text, names=(f"generation {self._base.number}", NAME)
        )
        shown = [*past.colored(lines, self._run.output), planned.text]
        self._run.output.document({**planned.document, "difference": lines}, "\n".join(shown))
        return planned.status()

    def _prepare(self, refused: RefusedError, draft: Draft) -> None:
        """Write into the draft why it was refused, and after a conflict what the other saved."""
        if refused.code == "conflict":
            self._merge(refused, draft)
            return
        draft.write(draft.text, [*refusal_lines(refused), f"{refused.message} ({refused.code})"])

    def _merge(self, refused: RefusedError, draft: Draft) -> None:
        newer = self._present()
        theirs = f"generation {newer.number}"
        merged = merge(self._base.text, draft.text, newer.text, names=(NAME, theirs))
        notes = [refused.message, f"Both changes are in this text now, made from {theirs}."]
        if merged.conflicts:
            places = "one place" if merged.conflicts == 1 else f"{merged.conflicts} places"
            notes.append(f"In {places} choose between the lines at <<<<<<< and >>>>>>>.")
        draft.write(merged.text, notes)
        self._base = newer

    def _again(self, refused: RefusedError) -> bool:
        """Tell why, and ask whether to go on; without a terminal nobody can."""
        if not sys.stdin.isatty():
            return False
        click.echo("\n".join([*refusal_lines(refused), refused.message]), err=True)
        return click.confirm("Edit again?", default=True, err=True)

    def _present(self) -> Base:
        document = self._run.one("CONFIG SHOW")
        return Base(number=document["generation"], epoch=document["epoch"], text=document["text"])

    def _keep(self, draft: Draft) -> None:
        told = f"Your text is kept in {draft.path}; to save it: lvsm config save {draft.path}"
        click.echo(f"{told} --if-generation {self._base.number}", err=True)
