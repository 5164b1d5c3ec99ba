"""Every command of lvsm, and what its examples say, read as a shell would."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from lvsm.cli.main import cli
from scripts.docs.manual import said, tree

CONTEXTS = list(tree(click.Context(cli, info_name="lvsm", **cli.context_settings)))
NAMES = [context.command_path for context in CONTEXTS]


def examples(context: click.Context) -> Iterator[list[str]]:
    """The words behind each `lvsm` of a command's examples."""
    for line in said(context.command)[1]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>();&")
        lexer.wordchars += ","
        words = list(lexer)
        command: list[str] | None = None
        for word in words:
            if word == "lvsm" and command is None:
                command = []
            elif re.fullmatch(r"[|<>();&]+", word):
                if command is not None:
                    yield command
                command = None
            elif command is not None:
                command.append(word)
        if command is not None:
            yield command


def understood(words: list[str]) -> str:
    """Which command a command line names; raises click.UsageError for options it does not have."""
    context, rest = CONTEXTS[0], list(words)
    while True:
        _, rest, _ = context.command.make_parser(context).parse_args(rest)
        group = context.command
        if not isinstance(group, click.Group):
            if rest:
                raise click.UsageError(f"{rest} is too much")
            return context.command_path
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None
        context = click.Context(command, parent=context, info_name=name)
