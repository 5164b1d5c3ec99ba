"""writeconfigs: asks what a node of a cluster has to know, and writes the three files.

Law: nothing is written before every answer is known to be good and somebody has seen the difference
and said yes, or said with `--answers` or `--non-interactive` that nobody will.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, NoReturn

import click

from lvsm import __version__
from lvsm.adapters import file_set, this_machine
from lvsm.cli import exits, failing
from lvsm.cli.wizard import asking
from lvsm.cli.wizard.given import Given, gather, made
from lvsm.cli.wizard.place import Site
from lvsm.core.errors import LvsmError
from lvsm.core.wizard import answers, authkeys_edit, files
from lvsm.core.wizard.dialogue import Dialogue, Known, answer_all
from lvsm.core.wizard.files import AUTHKEYS, Change
from lvsm.core.wizard.questions import QUESTIONS, Question, Values

PROGRAM = "writeconfigs"
HELP = """Write the files that make this machine a node of an LVSM cluster.

These are heartbeat's ha.cf and authkeys, and plvsd.conf. On a terminal every question is asked,
with what the files say now as the default; what they have besides stays. Nothing is written until
you have seen the difference and agreed; the old files are kept, and `--undo` brings them back.

\b
Examples:
  writeconfigs
  writeconfigs --print-answers > answers.toml
  writeconfigs --answers answers.toml --dry-run
  writeconfigs --answers answers.toml --root /srv/image
  writeconfigs --non-interactive --nodes "dir1 dir2 rs1" --interfaces eth1 --password-file secret
  writeconfigs --undo
"""


def _option(question: Question) -> click.Option:
    about = "The first line of FILE. " if question.secret else ""
    lead = " ".join(question.meaning.partition("\n\n")[0].split())
    return click.Option(
        [question.flag, question.key],
        metavar=question.metavar,
        help=f"{question.title}. {about}{lead}",
    )


_OWN = (
    click.Option(
        ["--answers", "answers_file"],
        type=click.File(encoding="utf-8"),
        metavar="FILE",
        help="Answers in TOML, as `--print-answers` shows them; nothing is asked. `-` is standard"
        " input.",
    ),
    click.Option(
        ["--non-interactive"],
        is_flag=True,
        help="Ask nothing: options, what the files say now, and defaults are the answers.",
    ),
    click.Option(
        ["--print-answers"],
        is_flag=True,
        help="Print an answers file with every key, what it means and its default, and end.",
    ),
    click.Option(["--dry-run"], is_flag=True, help="Show the difference, and write nothing."),
    click.Option(
        ["--undo"],
        is_flag=True,
        help="Put back the files as they were before writeconfigs last wrote them.",
    ),
    click.Option(
        ["--root"],
        type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
        metavar="DIR",
        help="Read and write below DIR, for another machine: names and interfaces are not held"
        " against this one, and no user is made.",
    ),
)


def run(
    answers_file: IO[str] | None,
    root: Path | None,
    *,
    non_interactive: bool,
    print_answers: bool,
    dry_run: bool,
    undo: bool,
    **flags: str | None,
) -> None:
    """One run; the options are those of the command."""
    site = Site(root=root, accounts=this_machine.Accounts(root))
    if root is None and not (dry_run or print_answers) and os.geteuid() != 0:
        raise LvsmError("only root may write these files; --dry-run and --root DIR need no rights")
    if undo:
        _undo(site)
        return
    found = site.read(site.group(flags.get("uid") or "plvsd"))
    present = files.present(found)
    known = Known(machine=this_machine.look(elsewhere=root is not None), present=present.texts)
    if print_answers:
        click.echo(answers.template(known), nl=False)
        return
    asking.notes_of(present)
    given = gather(flags, answers_file)
    session = _Session(site, known, given, dry_run=dry_run)
    if non_interactive or answers_file is not None:
        session.at_once()
    else:
        session.by_asking()


class _Session:
    """From the answers to the files."""

    def __init__(self, site: Site, known: Known, given: Given, *, dry_run: bool) -> None:
        self._site = site
        self._known = known
        self._given = given
        self._dry_run = dry_run

    def at_once(self) -> None:
        """Take what is given and the defaults, and write. Raises LvsmError with every mistake."""
        values, mistakes = answer_all(self._given.texts, self._known)
        if mistakes:
            for mistake in mistakes:
                click.echo(str(mistake), err=True)
            count = "one answer" if len(mistakes) == 1 else f"{len(mistakes)} answers"
            raise LvsmError(f"{count} cannot be used: nothing was written", code="answers")
        changes = self._planned(values)
        self._show(changes, values)
        if changes and not self._dry_run:
            self._write(changes, values)

    def by_asking(self) -> None:
        """Ask everything, show the difference, and write if that is wanted. Raises LvsmError."""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise LvsmError("there is no terminal to ask: add --answers FILE or --non-interactive")
        present = {**self._known.present, **self._given.texts}
        dialogue = Dialogue(known=Known(machine=self._known.machine, present=present), values={})
        click.echo(asking.HEAD)
        while True:
            dialogue = asking.converse(dialogue)
            changes = self._planned(dialogue.values)
            self._show(changes, dialogue.values)
            if not changes or self._dry_run:
                return
            agreed = asking.confirmed("Write this?")
            if agreed is not None:
                break
            dialogue = asking.reopened(dialogue)
        if agreed:
            self._write(changes, dialogue.values)
        else:
            click.echo("Nothing was written.")

    def _planned(self, values: Values) -> tuple[Change, ...]:
        group = self._site.group(values["uid"])
        found = self._site.read(group)
        secrets = made(values, self._given, files.kept_verifier(found))
        return files.plan(values, secrets, found, group)

    def _show(self, changes: tuple[Change, ...], values: Values) -> None:
        click.echo()
        if not changes:
            click.echo("The files say all of this already: there is nothing to write.")
        for change in changes:
            click.echo(files.difference(change))
            click.echo()
            others = authkeys_edit.others(change.after) if change.path == AUTHKEYS else ()
            if others:
                click.echo(
                    f"Note: {change.path} has other keys too ({', '.join(others)}), and heartbeat"
                    " takes packets by any of them.\n"
                )
        if changes and self._site.lacks(values["uid"]):
            click.echo(f"The user {values['uid']} is made, without a home and a shell.\n")

    def _write(self, changes: tuple[Change, ...], values: Values) -> None:
        if self._site.lacks(values["uid"]) and isinstance(values["uid"], int):
            raise LvsmError(f"there is no user {values['uid']}: give a name, and it is made")
        folder = self._site.write(changes, values["uid"])
        for change in changes:
            click.echo(f"wrote {self._site.path(change.path)}")
        click.echo(f"What was there is in {folder}; undo: {PROGRAM} --undo{self._root_words()}")
        if self._site.root is None:
            _say_next(values, self._known.machine.node)

    def _root_words(self) -> str:
        return "" if self._site.root is None else f" --root {self._site.root}"


def _say_next(values: Values, node: str) -> None:
    others = ", ".join(name for name in values["nodes"] if name != node) or "the others"
    click.echo(
        f"\nNext: give {others} the same authkeys (by scp, say, from this node), run {PROGRAM}"
        " there with the same\nanswers, then start plvsd and heartbeat on every node, plvsd first,"
        " and look: lvsm status"
    )


def _undo(site: Site) -> None:
    for path, there in file_set.undo(site.backups):
        click.echo(f"{path} is as it was" if there else f"{path} is gone again")


cli = click.Command(
    PROGRAM,
    callback=run,
    params=[*map(_option, QUESTIONS), *_OWN],
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
click.version_option(__version__, prog_name=PROGRAM)(cli)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line of this process; the exit codes are those of `lvsm`."""
    try:
        cli.main(args, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except (click.ClickException, click.Abort, LvsmError, OSError) as error:
        if isinstance(error, click.Abort):
            click.echo("\nNothing was written.", err=True)
        sys.exit(failing.tell(error, program=PROGRAM))
    except KeyboardInterrupt:
        click.echo("\nStopped; nothing was written.", err=True)
        sys.exit(exits.INTERRUPTED)
    sys.exit(exits.OK)


if __name__ == "__main__":
    main()
