"""One run of a command: whom it asks, how it prints, what it may take for granted.

    @vip.command("show")
    @click.argument("name")
    @pass_run
    def show(run: Run, name: str) -> None:
        document = run.one("VIP SHOW", name)
        run.output.document(document, lambda: render.vip(document, run.output))

A command returns its exit status, None for 0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import update_wrapper
from typing import IO, TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from lvsm.cli.choices import Choices
from lvsm.cli.output import Output
from lvsm.cli.target import Target, first_line
from lvsm.core.errors import LvsmError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvsm.client import Client, Response

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Run:
    """What a command has to work with."""

    def __init__(self, choices: Choices) -> None:
        """Nothing is asked yet."""
        self.choices = choices
        self.output = Output(as_json=choices.as_json, color=_color(choices.color))
        self.target = Target(
            addresses=choices.nodes or (choices.local,),
            user=choices.user,
            password=self._password,
            fingerprint=choices.fingerprint,
            timeout=choices.timeout,
        )

    def ask(
        self,
        verb: str,
        /,
        *words: str,
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
    ) -> Response:
        """Ask one thing over a connection of its own; raises LvsmError.

        Options that are None are left out.
        """
        with self.connected() as client:
            return client.request(verb, *words, options=options, literal=literal)

    def one(
        self,
        verb: str,
        /,
        *words: str,
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
    ) -> dict[str, Any]:
        """Ask for one document; raises LvsmError."""
        items = self.ask(verb, *words, options=options, literal=literal).items
        if not items:
            raise LvsmError(f"plvsd answered {verb} with nothing: its version may be another")
        return items[0]

    @contextmanager
    def connected(self) -> Iterator[Client]:
        """A connection for several requests, or one that watches; raises LvsmError."""
        with self.target.connect() as client:
            yield client

    def tell_lost(self, error: LvsmError, seconds: float) -> None:
        """Say that what is followed is lost for now, and that it is tried again."""
        self.output.note(f"lvsm: {error.message}; trying again in {seconds:g} s")

    def confirm(self, question: str) -> None:
        """Ask before something that cannot be undone; `--yes` answers it. Raises click.Abort."""
        if self.choices.yes:
            return
        if not sys.stdin.isatty():
            raise LvsmError(f"{question} There is no terminal to ask: add --yes")
        click.confirm(question, abort=True, err=True)

    def _password(self) -> str:
        choices = self.choices
        if choices.password_fd is not None:
            return password_from(choices.password_fd, f"--password-fd {choices.password_fd}")
        if choices.password_file is not None:
            return password_from(choices.password_file, f"--password-file {choices.password_file}")
        return password_typed(f"Password of {choices.user}")


def pass_run(
    command: Callable[Concatenate[Run, _P], _R],
) -> Callable[_P, _R]:
    """Give a command its Run as the first argument."""

    def with_run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        choices = click.get_current_context().find_object(Choices)
        return command(Run(choices or Choices()), *args, **kwargs)

    return update_wrapper(with_run, command)


def name_of(file: IO[Any]) -> str:
    """A file argument's name as messages show it."""
    return "standard input" if file is sys.stdin or file.name in ("<stdin>", "-") else file.name


def text_of(file: IO[str]) -> bytes:
    """A file argument's text as UTF-8; raises LvsmError when it is none."""
    try:
        return file.read().encode()
    except UnicodeDecodeError as error:
        raise LvsmError(f"{name_of(file)} is not UTF-8 text: {error}") from error


def password_from(file: Any, option: str) -> str:
    """The password that a file, or a descriptor by its number, has as its first line.

    Raises LvsmError, which names it by `option`.
    """
    try:
        with open(file, encoding="utf-8", closefd=True) as lines:  # noqa: PTH123  or a descriptor
            password = first_line(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise LvsmError(f"{option} cannot be read: {error}") from None
    if not password:
        raise LvsmError(f"{option}: its first line, the password, is empty")
    return password


def password_typed(question: str, *, instead: str = "--password-file or --password-fd") -> str:
    """Ask the terminal, also when standard input is a pipe; nothing is echoed.

    Raises LvsmError when there is none, and says what to use `instead`.
    """
    from getpass import getpass

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise LvsmError(f"there is no terminal to ask for the password: use {instead}") from None
    return getpass(f"{question}: ")


def _color(when: str) -> bool:
    """Whether standard output has colours; NO_COLOR as https://no-color.org says."""
    if when != "auto":
        return when == "always"
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty()
