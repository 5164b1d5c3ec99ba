"""The global options: what they are, and what one run's command line chose.

Law: they may stand before the command or after it; where one is given twice, the last one holds,
and `--node` adds to those before it. A password is never one of their values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from lvsm.client.addresses import LOCAL, Address, AddressError, Unix, parse_address

TIMEOUT = 30.0


@dataclass(slots=True, kw_only=True)
class Choices:
    """What one command line chose: every option writes its own field. `local` is a test's seam."""

    local: Unix = LOCAL
    nodes: tuple[Address, ...] = ()
    user: str = "admin"
    password_file: str | None = None
    password_fd: int | None = None
    fingerprint: str | None = None
    as_json: bool = False
    timeout: float = TIMEOUT
    yes: bool = False
    color: str = "auto"


class GlobalOption(click.Option):
    """An option of every command: it writes into the run's Choices, wherever it stands."""

    def __init__(self, *names: str, **settings: Any) -> None:
        """As a click.Option; its name is the field's."""
        super().__init__(list(names), expose_value=False, callback=_write, **settings)

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Without click's `[x>=0]`: the text says it."""
        return {key: value for key, value in super().get_help_extra(ctx).items() if key != "range"}


class AddressType(click.ParamType[Address, str]):
    """HOST[:PORT], or the path of a unix socket."""

    name = "node"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Understand it; a mistake is one of usage."""
        try:
            return parse_address(value) if isinstance(value, str) else value
        except AddressError as error:
            self.fail(error.message, param, ctx)


def _write(context: click.Context, option: click.Parameter, value: Any) -> Any:
    if value is None or value == () or value is False or option.name is None:
        return value
    choices = context.find_object(Choices)
    if choices is not None:
        before = getattr(choices, option.name) if option.multiple else ()
        setattr(choices, option.name, (*before, *value) if option.multiple else value)
    return value


_OPTIONS: tuple[Callable[[], GlobalOption], ...] = (
    lambda: GlobalOption(
        "--node",
        "nodes",
        multiple=True,
        type=AddressType(),
        metavar="HOST[:PORT]",
        help="The node to talk to; several are tried in this order. An IPv6 address stands in"
        " brackets. Default: the plvsd of this machine.",
    ),
    lambda: GlobalOption(
        "--user", metavar="NAME", help="Who logs in at --node. Default: admin.", default=None
    ),
    lambda: GlobalOption(
        "--password-file",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="The first line of FILE is the password. Default: ask for it.",
    ),
    lambda: GlobalOption(
        "--password-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="The first line that descriptor N has is the password.",
    ),
    lambda: GlobalOption(
        "--fingerprint",
        metavar="SHA256",
        help="Talk only to a node with this certificate: what `lvsm cert show` prints there.",
    ),
    lambda: GlobalOption(
        "--json", "as_json", is_flag=True, help="Print JSON, with `schema_version` 1."
    ),
    lambda: GlobalOption(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help=f"How long to wait for an answer. Default: {TIMEOUT:g}.",
    ),
    lambda: GlobalOption("--yes", is_flag=True, help="Ask nothing: the answer is yes."),
    lambda: GlobalOption(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        help="Default: auto, which is on a terminal, unless NO_COLOR is set.",
    ),
)


def global_options() -> list[click.Parameter]:
    """The global options, new for each command."""
    return [make() for make in _OPTIONS]
