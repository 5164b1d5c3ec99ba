"""What is said when a command fails, and what it ends with."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from lvsm.cli import exits
from lvsm.cli.output import SCHEMA_VERSION, shown
from lvsm.client import RefusedError
from lvsm.core.errors import LvsmError

if TYPE_CHECKING:
    from lvsm.cli.command import Root

__all__ = ["LvsmError", "likely", "refusal_lines", "tell"]


def tell(
    error: click.ClickException | click.Abort | LvsmError | OSError,
    *,
    as_json: bool = False,
    program: str = "lvsm",
) -> int:
    """Say on standard error what went wrong and what to do; the exit code."""
    match error:
        case click.UsageError():
            error.show()
            return exits.USAGE
        case click.Abort():
            click.echo("Stopped.", err=True)
            return exits.INTERRUPTED
        case click.ClickException():
            return tell(LvsmError(error.format_message()), as_json=as_json, program=program)
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return exits.ERROR  # whoever reads has seen enough, as `head` has
        case OSError():
            known = LvsmError(str(error), code="os-error")
            return tell(known, as_json=as_json, program=program)
        case LvsmError():
            status = exits.of(error)
            text = _as_json(error, status) if as_json else _as_text(error, program)
            click.echo(text, err=True)
            return status


def likely(root: Root, name: str) -> str | None:
    """The message about an unknown command that is the name of one inside a group."""
    context = click.Context(root, info_name="lvsm")
    paths = [
        f"{group} {name}"
        for group in root.table
        if isinstance(found := root.get_command(context, group), click.Group)
        and name in found.commands
    ]
    if not paths:
        return None
    known = " or ".join(f"`lvsm {path}`" for path in paths)
    return f"No such command {name!r}: it is {known}."


def _items(error: LvsmError) -> list[dict[str, Any]]:
    return [dict(item) for item in error.items] if isinstance(error, RefusedError) else []


def refusal_lines(error: RefusedError) -> list[str]:
    """What a refusal has beside its message: each mistake with its advice, what others saved."""
    lines: list[str] = []
    for item in error.items:
        if "rendered" in item:
            lines.append(str(item["rendered"]))
        elif isinstance(item.get("conflict"), dict):
            lines += map(str, item["conflict"].get("lines") or ())
    return lines


def _as_text(error: LvsmError, program: str) -> str:
    """What comes with a refusal, then the message with its code, for `lvsm help CODE`."""
    lines = refusal_lines(error) if isinstance(error, RefusedError) else []
    behind = f" ({error.code})" if error.code != LvsmError.code else ""
    return shown("\n".join([*lines, f"{program}: {error.message}{behind}"]))


def _as_json(error: LvsmError, status: int) -> str:
    document = {"code": error.code, "message": error.message, "exit": status}
    return json.dumps(
        {"schema_version": SCHEMA_VERSION, "error": {**document, "items": _items(error)}}
    )
