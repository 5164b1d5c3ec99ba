"""The manual pages of lvsm, from its commands: one for each, and lvsm(1) above them all.

Law: a page says what `--help` says, and what every command shares: exit status, environment, files.
A new command has its page by the next `make docs`, without a line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc

import click

from lvsm import __version__
from lvsm.cli import exits
from lvsm.cli.choices import GlobalOption
from lvsm.cli.main import cli
from lvsm.settings import Paths
from scripts.docs import roff

SOURCE = f"LVSM {__version__}"
MANUAL = "Linux Virtual Server manager"
ENVIRONMENT = (
    ("NO_COLOR", "When it is set and not empty there are no colours, unless `--color=always`."),
    ("TERM", "`dumb` means the same."),
)
_FILES = Paths()
FILES = (
    (str(_FILES.socket), "The socket of this machine's plvsd: what is asked without `--node`."),
    (str(_FILES.conf), "This node's plvsd: port, user, administration password."),
    (str(_FILES.audit_log), "Who changed what, and refused logins."),
)
SEE_ALSO = ("ipvsadm(8)", "heartbeat(8)", "ha.cf(5)")
_EXAMPLES = re.compile(r"\n*\x08\nExamples?:\n(?P<lines>(?:  .*\n?|\n)+)")


def pages() -> Mapping[str, str]:
    """Every page by the name of its file."""
    root = click.Context(cli, info_name="lvsm", **cli.context_settings)
    found = {_file(context): _page(context) for context in tree(root)}
    return dict(sorted(found.items()))


def tree(context: click.Context) -> Iterator[click.Context]:
    """A command and all that are below it."""
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None and not command.hidden:
                yield from tree(click.Context(command, parent=context, info_name=name))


def _page(context: click.Context) -> str:
    command = context.command
    about, examples = said(command)
    parts = [
        '.\\" Written by `make docs` from the command itself: change it there.',
        roff.title(_name(context), 1, SOURCE, MANUAL),
        roff.section("NAME", named(context, about)),
        roff.section("SYNOPSIS", synopsis(context)),
        roff.section("DESCRIPTION", roff.paragraphs(about)),
        roff.section("COMMANDS", _commands(context)),
        roff.section("OPTIONS", options(context)),
        roff.section("EXAMPLES", roff.literal(examples) if examples else ""),
        roff.section("EXIT STATUS", exit_status()),
        roff.section("ENVIRONMENT", _terms(ENVIRONMENT)),
        roff.section("FILES", _terms(FILES)),
        roff.section("SEE ALSO", _see_also(context)),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def said(command: click.Command) -> tuple[str, list[str]]:
    """A command's help without its examples, and those."""
    help_text = cleandoc(command.help or "")
    match = _EXAMPLES.search(help_text)
    if match is None:
        return help_text, []
    about = help_text[: match.start()] + help_text[match.end() :]
    return about, [line[2:] for line in match["lines"].splitlines() if line.strip()]


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _file(context: click.Context) -> str:
    return f"{_name(context)}.1"


def named(context: click.Context, about: str) -> str:
    """The line of the section NAME."""
    first = " ".join(about.partition("\n\n")[0].split()).rstrip(".")
    return f"{roff.escape(_name(context))} \\- {roff.text(first)}"


def synopsis(context: click.Context) -> str:
    """How a command is called."""
    pieces = context.command.collect_usage_pieces(context)
    return " ".join([roff.bold(context.command_path), *map(roff.italic, pieces)])


def _commands(context: click.Context) -> str:
    group = context.command
    if not isinstance(group, click.Group):
        return ""
    found = ((n, group.get_command(context, n)) for n in group.list_commands(context))
    return roff.items(
        [(roff.bold(n), c.get_short_help_str(200)) for n, c in found if c and not c.hidden]
    )


def options(context: click.Context) -> str:
    """A command's own options; the global ones in full on lvsm(1) alone."""
    params = [p for p in context.command.get_params(context) if isinstance(p, click.Option)]
    shown = [p for p in params if context.parent is None or not isinstance(p, GlobalOption)]
    terms = roff.items([_option(p, context) for p in shown if not p.hidden])
    if context.parent is None:
        return terms
    shared = ", ".join(roff.bold(p.opts[0]) for p in params if isinstance(p, GlobalOption))
    return f"{terms}\n.PP\nlvsm(1) explains the global options, which may stand here too: {shared}."


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    names = ", ".join(map(roff.bold, (*option.opts, *option.secondary_opts)))
    metavar = "" if option.is_flag else f" {roff.italic(option.make_metavar(context))}"
    return f"{names}{metavar}", option.help or ""


def exit_status() -> str:
    """The exit statuses, which every command shares."""
    return roff.items([(roff.bold(str(e.number)), f"{e.word}: {e.meaning}") for e in exits.TABLE])


def _terms(pairs: tuple[tuple[str, str], ...]) -> str:
    return roff.items([(roff.bold(term), said) for term, said in pairs])


def _see_also(context: click.Context) -> str:
    near = [context.parent] if context.parent else []
    group = context.parent.command if context.parent else context.command
    above = context.parent or context
    if isinstance(group, click.Group):
        near += [
            click.Context(command, parent=above, info_name=name)
            for name in group.list_commands(above)
            if (command := group.get_command(above, name)) and not command.hidden
        ]
    names = [f"{roff.bold(_name(c))}(1)" for c in near if _name(c) != _name(context)]
    others = [f"{roff.bold(page[:-3])}{page[-3:]}" for page in SEE_ALSO]
    return ", ".join([*names, *others])
