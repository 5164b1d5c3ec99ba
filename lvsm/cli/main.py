"""lvsm: the command line. Here are the table of commands and the way in; the rest is beside it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

from lvsm import __version__
from lvsm.cli import exits
from lvsm.cli.command import Lazy, Root

_COMMANDS = "lvsm.cli.commands"
TABLE = {
    "status": Lazy(f"{_COMMANDS}.status", "status", "Whether the cluster serves, who holds what."),
    "vip": Lazy(f"{_COMMANDS}.vip", "vip", "Look at virtual services and change them."),
    "rs": Lazy(f"{_COMMANDS}.rs", "rs", "Realservers: weights, draining; add, change, remove."),
    "node": Lazy(f"{_COMMANDS}.node", "node", "Nodes: what they are, how, and standby."),
    "config": Lazy(f"{_COMMANDS}.config", "config", "Show, check and save the configuration."),
    "user": Lazy(f"{_COMMANDS}.user", "user", "The users who may log in, and their roles."),
    "passwd": Lazy(f"{_COMMANDS}.passwd", "passwd", "Change a user's password."),
    "audit": Lazy(f"{_COMMANDS}.audit", "audit", "Who changed what; refused logins."),
    "watch": Lazy(f"{_COMMANDS}.watch", "watch", "Show what happens, as it happens."),
    "cert": Lazy(f"{_COMMANDS}.cert", "cert", "A node's certificate."),
    "completion": Lazy(
        f"{_COMMANDS}.completion", "completion", "Print what makes a shell complete lvsm's words."
    ),
    "help": Lazy(f"{_COMMANDS}.help", "help_", "Explain a command, an error, the exit codes."),
}
HELP = """Look after an LVSM cluster.

\b
Examples:
  lvsm status
  lvsm config show > www.toml
  lvsm config save www.toml --comment "add web"
  lvsm --node dir1 --node dir2 vip list
"""
EPILOG = (
    "Exit codes: "
    + ", ".join(f"{exit_.number} {exit_.word}" for exit_ in exits.TABLE)
    + ". `lvsm help exit-codes` says more."
)

cli = Root(
    "lvsm",
    table=TABLE,
    help=HELP,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
click.version_option(__version__, prog_name="lvsm")(cli)


def main() -> NoReturn:
    """Run the command line of this process.

    It ends without taking the interpreter apart, which would cost a tenth of the time of a command.
    """
    try:
        cli.main(prog_name="lvsm")
    except SystemExit as end:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else exits.ERROR)
    except KeyboardInterrupt:  # before or behind the command itself
        os._exit(exits.INTERRUPTED)


if __name__ == "__main__":
    main()
