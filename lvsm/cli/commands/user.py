"""lvsm user: who may log in, and with which role."""

from __future__ import annotations

from pathlib import Path

import click

from lvsm.cli.command import Group
from lvsm.cli.new_password import new_password_options, new_verifier
from lvsm.cli.run import Run, pass_run

ROLES = ("viewer", "operator", "admin")

role_option = click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="viewer may look; operator may also change what goes on; admin may do everything.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be done; change nothing."
)


@click.group(cls=Group, short_help="The users who may log in, and their roles.")
def user() -> None:
    """Look after the users who may log in over the network, and their roles.

    The user `admin` is always there. On the node itself root needs no user. For now each node has
    users of its own: what is done here is done on the node that was asked.

    \b
    Examples:
      lvsm user list
      lvsm user add alice --role operator
      lvsm user set alice --role admin
      lvsm user remove alice
    """


@user.command("list")
@pass_run
def user_list(run: Run) -> None:
    """List the users.

    \b
    Examples:
      lvsm user list
      lvsm user list --json | jq -r '.items[].name'
    """
    documents = run.ask("USER LIST").items
    rows = [
        (found["name"], found["role"], "yes" if found["has_password"] else "no")
        for found in documents
    ]
    run.output.items(documents, lambda: run.output.table(("NAME", "ROLE", "PASSWORD"), rows))


@user.command("add")
@click.argument("name")
@role_option
@new_password_options
@dry_run_option
@pass_run
def user_add(
    run: Run,
    name: str,
    role: str,
    new_password_file: Path | None,
    new_password_fd: int | None,
    dry_run: bool,
) -> None:
    """Add the user NAME; the password is asked for, twice.

    plvsd never gets the password, only what it needs to check it.

    \b
    Examples:
      lvsm user add alice --role operator
      lvsm user add backup --role viewer --new-password-file backup.password
      pass lvsm/alice | lvsm user add alice --role viewer --new-password-fd 0
    """
    verifier = new_verifier(run, name, new_password_file, new_password_fd)
    change(run, "USER ADD", name, dry_run=dry_run, role=role, literal=verifier)


@user.command("set")
@click.argument("name")
@role_option
@dry_run_option
@pass_run
def user_set(run: Run, name: str, role: str, dry_run: bool) -> None:
    """Give the user NAME another role; who may do less by it has to log in again.

    \b
    Examples:
      lvsm user set alice --role admin
      lvsm user set alice --role viewer --dry-run
    """
    change(run, "USER SET", name, dry_run=dry_run, role=role)


@user.command("remove")
@click.argument("name")
@dry_run_option
@pass_run
def user_remove(run: Run, name: str, dry_run: bool) -> None:
    """Remove the user NAME; its connections and sessions end.

    \b
    Examples:
      lvsm user remove alice
      lvsm user remove alice --yes
    """
    if not dry_run:
        run.confirm(f"Remove the user {name}?")
    change(run, "USER REMOVE", name, dry_run=dry_run)


def change(
    run: Run,
    verb: str,
    name: str,
    *,
    dry_run: bool,
    role: str | None = None,
    literal: bytes | None = None,
) -> None:
    """Have a user changed and say what was done; raises LvsmError."""
    options = {"role": role, "dry-run": "yes" if dry_run else None}
    answer = run.ask(verb, name, options=options, literal=literal)
    document = {**(answer.items[0] if answer.items else {}), "summary": answer.text}
    run.output.document(document, answer.text)
