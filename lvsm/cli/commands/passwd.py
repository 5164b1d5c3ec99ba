"""lvsm passwd."""

from __future__ import annotations

from pathlib import Path

import click

from lvsm.cli.command import Command
from lvsm.cli.commands.user import change, dry_run_option
from lvsm.cli.new_password import new_password_options, new_verifier
from lvsm.cli.run import Run, pass_run


@click.command(cls=Command, short_help="Change a user's password.")
@click.argument("name", required=False, metavar="[USER]")
@new_password_options
@dry_run_option
@pass_run
def passwd(
    run: Run,
    name: str | None,
    new_password_file: Path | None,
    new_password_fd: int | None,
    dry_run: bool,
) -> None:
    """Change the password of USER, by default of whoever --user says, else of admin.

    It is asked for, twice. The user's connections and sessions end and have to log in again. If
    the password of admin was lost, `lvsm passwd` as root on the node gives a new one. For now each
    node has users of its own: it is changed on the node that was asked.

    \b
    Examples:
      lvsm passwd
      lvsm passwd alice --new-password-file alice.password
      lvsm --node dir1 --user alice passwd
    """
    user = name or run.choices.user
    verifier = new_verifier(run, user, new_password_file, new_password_fd)
    change(run, "PASSWD", user, dry_run=dry_run, literal=verifier)
