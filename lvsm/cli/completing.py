"""What the shell offers behind a TAB beyond commands and options.

Law: a completion asks nobody for anything, waits a second at most and prints nothing but names. So
it asks only the plvsd of this machine, where no password is needed, and offers nothing when that
one does not answer, or when `--node` names another.
"""

from __future__ import annotations

import click

from lvsm.cli.choices import Choices
from lvsm.core.errors import LvsmError

SECONDS = 1.0


def vip_names(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names of the virtual services that begin so."""
    from lvsm.client import Deadlines, connect
    from lvsm.core.names import is_name

    choices = context.find_object(Choices) or Choices()
    if choices.nodes:
        return []
    try:
        limits = Deadlines(connect=SECONDS, login=SECONDS, request=SECONDS)
        with connect(choices.local, deadlines=limits) as client:
            items = client.request("VIP LIST").items
    except (LvsmError, OSError):
        return []
    names = (str(item.get("name")) for item in items)
    return [name for name in names if name.startswith(incomplete) and is_name(name)]


def topics(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """What `lvsm help` may be asked for: commands, and once something is typed, error codes."""
    from lvsm.core.error_codes import CODES

    found = context.find_root()
    words = context.params.get("topic") or ()
    for word in words:
        group = found.command
        command = group.get_command(found, word) if isinstance(group, click.Group) else None
        if command is None:
            return []
        found = click.Context(command, parent=found, info_name=word)
    group = found.command
    names = group.list_commands(found) if isinstance(group, click.Group) else []
    if not words:
        codes = {code for notes in CODES.values() for code in notes} if incomplete else set()
        names = [*names, "error-codes", "exit-codes", *sorted(codes)]
    return [name for name in names if name.startswith(incomplete)]
