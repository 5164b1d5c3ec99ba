"""A new password: where it comes from, and the verifier that is sent of it.

Law: the password itself is sent nowhere and is no value of an option. Where the global
--password-file and --password-fd are not needed for a login, because the unix socket needs none,
they are the new password's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from lvsm.cli.run import Run, password_from, password_typed
from lvsm.client import passwords
from lvsm.core.errors import LvsmError

_INSTEAD = "--new-password-file or --new-password-fd"

_Function = TypeVar("_Function", bound=Callable[..., object])


def new_password_options(command: _Function) -> _Function:
    """The options of a command that takes a new password."""
    from_file = click.option(
        "--new-password-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="The first line of FILE is the new password. Default: ask for it, twice.",
    )
    from_descriptor = click.option(
        "--new-password-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="The first line that descriptor N has is the new password.",
    )
    return from_file(from_descriptor(command))


def new_verifier(run: Run, user: str, file: Path | None, descriptor: int | None) -> bytes:
    """The verifier of a new password for `user`; takes a tenth of a second. Raises LvsmError."""
    return passwords.new_verifier(_new_password(run, user, file, descriptor))


def _new_password(run: Run, user: str, file: Path | str | None, descriptor: int | None) -> str:
    if file is None and descriptor is None and not run.choices.nodes:
        file, descriptor = run.choices.password_file, run.choices.password_fd
    if descriptor is not None:
        return password_from(descriptor, f"descriptor {descriptor}")
    if file is not None:
        return password_from(file, str(file))
    password = password_typed(f"New password of {user}", instead=_INSTEAD)
    if password_typed("The same again", instead=_INSTEAD) != password:
        raise LvsmError("the two are not the same: nothing was changed", code="not-the-same")
    return password
