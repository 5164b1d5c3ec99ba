"""The classes of lvsm's commands and groups: global options everywhere, groups loaded by name.

Law: naming a command imports its module and no other; showing the list of commands imports none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click
from click.exceptions import NoSuchCommand

from lvsm.cli import failing
from lvsm.cli.choices import Choices, GlobalOption, global_options


class Command(click.Command):
    """A command that takes the global options after its name too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own, then the global ones, unless its own have their names."""
        return _with_globals(super().get_params(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options in full; the global ones by name."""
        _format_options(self, ctx, formatter)


class Group(click.Group):
    """A group of commands: they are listed in the order in which they were written."""

    command_class = Command
    group_class = type

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """As a command's."""
        return _with_globals(super().get_params(ctx))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click names it
        """In the order of the source."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As a command's, and then the commands."""
        _format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


class Lazy(NamedTuple):
    """Where a command is, and its line in the list of commands."""

    module: str
    attribute: str
    help: str


class Root(Group):
    """lvsm itself: its commands are loaded by name from a table."""

    def __init__(self, *args: Any, table: Mapping[str, Lazy], **settings: Any) -> None:
        """`table` names every command, in the order of the list."""
        super().__init__(*args, **settings)
        self.table = table

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """With the Choices of this run, if the caller brought none."""
        extra.setdefault("obj", Choices())
        return super().make_context(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click names it
        """In the order of the table."""
        return list(self.table)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click names it
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command's module."""
        lazy = self.table.get(cmd_name)
        if lazy is None:
            return None
        command: click.Command = getattr(import_module(lazy.module), lazy.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; an unknown name is answered with the nearest known one."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            nearest = failing.likely(self, error.command_name)
            raise NoSuchCommand(error.command_name, nearest, self.table, ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The global options in full, and the commands."""
        click.Command.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self.table.items()])

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run a command line and end the process with the exit code that fits (exits.TABLE)."""
        choices = extra.setdefault("obj", Choices())
        try:
            status = super().main(args, **{**extra, "standalone_mode": False})
            sys.stdout.flush()  # a full disk is this command's failure
        except (click.ClickException, click.Abort, failing.LvsmError, OSError) as error:
            status = failing.tell(error, as_json=choices.as_json)
        sys.exit(status if isinstance(status, int) else 0)


def _with_globals(params: list[click.Parameter]) -> list[click.Parameter]:
    taken = {name for param in params for name in param.opts}
    added = [option for option in global_options() if taken.isdisjoint(option.opts)]
    return [*params, *added]


def _format_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    params = command.get_params(ctx)
    options = [param for param in params if isinstance(param, click.Option)]
    own = [record for option in options if _own(option) and (record := option.get_help_record(ctx))]
    with formatter.section("Options"):
        formatter.write_dl(own)
    names = " ".join(param.opts[0] for param in options if not _own(param))
    with formatter.section("Global options, which `lvsm --help` explains"):
        formatter.write_text(names)


def _own(param: click.Parameter) -> bool:
    return not isinstance(param, GlobalOption)
