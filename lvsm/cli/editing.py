"""What the commands that change single keys have in common: options from the table of keys.

Law: which options there are, what they take and how they are explained comes from `config_keys`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from lvsm.cli import saving
from lvsm.cli.planning import plan
from lvsm.cli.run import Run
from lvsm.core.edits.applying import apply
from lvsm.core.edits.describing import describe
from lvsm.core.edits.forms import Edit, Given, Settings, encode
from lvsm.core.errors import LvsmError
from lvsm.core.key_table import Key, Kind
from lvsm.core.line_diff import unified

_F = TypeVar("_F", bound=Callable[..., Any])
_METAVARS = {Kind.TEXT: "TEXT", Kind.NUMBER: "NUMBER", Kind.LIST: "A,B"}


def new_options(keys: Mapping[str, Key]) -> Callable[[_F], _F]:
    """An option for each key of something new; those that it needs are required."""
    return _all([_option(key, required=key.needed) for key in keys.values()])


def set_options(keys: Mapping[str, Key]) -> Callable[[_F], _F]:
    """An option for each key, and one that takes keys out of the text."""
    optional = [name for name, key in keys.items() if not key.needed]
    unset = click.option(
        "--unset",
        multiple=True,
        type=click.Choice(optional),
        metavar="KEY",
        help="Take KEY out of the text, so that its default holds; may be repeated.",
    )
    return _all([*(_option(key, required=False) for key in keys.values()), unset])


def save_options(command: _F) -> _F:
    """The options of every change."""
    return _all(
        [
            click.option("--comment", default="", metavar="TEXT", help="Why; kept in the history."),
            click.option(
                "--if-generation",
                type=click.IntRange(min=0),
                metavar="NUMBER",
                help="Change only if this is the present generation: the one you looked at.",
            ),
            click.option(
                "--dry-run", is_flag=True, help="Show the difference and the plan; save nothing."
            ),
        ]
    )(command)


def settings(
    keys: Mapping[str, Key], values: Mapping[str, object], unset: tuple[str, ...] = ()
) -> Settings:
    """What the options say, in the table's order; raises click.UsageError for both of one key."""
    found: Settings = {
        name: _given(key, values[name]) for name, key in keys.items() if values[name] is not None
    }
    for name in unset:
        if name in found:
            raise click.UsageError(f"--{name.replace('_', '-')} and --unset {name}: which one?")
        found[name] = None
    return found


def some_settings(
    keys: Mapping[str, Key], values: Mapping[str, object], unset: tuple[str, ...]
) -> Settings:
    """As `settings`, but at least one; raises click.UsageError."""
    found = settings(keys, values, unset)
    if not found:
        raise click.UsageError("Say what to set: at least one option is needed.")
    return found


def change(run: Run, edit: Edit, *, comment: str, if_generation: int | None, dry_run: bool) -> int:
    """Have an edit made and saved, or show what it would do; the exit status."""
    if dry_run:
        return _show(run, edit, if_generation)
    options = {"base": if_generation, "comment": comment or describe(edit)}
    document = run.one("CONFIG EDIT", options=options, literal=encode(edit))
    return saving.tell(run, document)


def _show(run: Run, edit: Edit, if_generation: int | None) -> int:
    present = run.one("CONFIG SHOW")
    number = present["generation"]
    if if_generation not in (None, number):
        raise LvsmError(f"generation {number} is in use, not {if_generation}", code="conflict")
    text = apply(present["text"], edit)
    planned = plan(run, text.encode(), "dry run")
    lines = unified(present["text"], text, names=(f"generation {number}", "dry run"))
    document = {**planned.document, "generation": number, "difference": lines}
    run.output.document(document, "\n".join([*lines, planned.text]))
    return planned.status()


def _option(key: Key, *, required: bool) -> Callable[[_F], _F]:
    return click.option(
        f"--{key.name.replace('_', '-')}",
        key.name,
        required=required,
        type=_type(key),
        metavar=_METAVARS.get(key.kind) if not key.words or key.kind is Kind.LIST else None,
        help=f"{key.meaning[:1].upper()}{key.meaning[1:]}.",
    )


def _type(key: Key) -> click.ParamType[Any]:
    if key.kind is Kind.NUMBER:
        return click.INT
    if key.kind is Kind.BOOLEAN:
        return click.Choice(("yes", "no"))
    return click.Choice(key.words) if key.words and key.kind is Kind.TEXT else click.STRING


def _given(key: Key, value: object) -> Given:
    if isinstance(value, int):
        return value
    word = str(value)
    if key.kind is Kind.BOOLEAN:
        return word == "yes"
    if key.kind is not Kind.LIST:
        return word
    entries = [entry.strip() for entry in word.split(",") if entry.strip()]
    if not isinstance(tomllib.loads(f"like = {key.example}")["like"][0], int):
        return tuple(entries)
    numbers = all(entry.isascii() and entry.isdecimal() for entry in entries)
    return tuple(map(int, entries)) if numbers and entries else word


def _all(options: list[Callable[[Any], Any]]) -> Callable[[_F], _F]:
    def decorate(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
