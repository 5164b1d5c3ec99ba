"""lvsm: the command line. Each command parses, calls plvsd through the client library, prints."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import click

from lvsm import __version__
from lvsm.cli import render
from lvsm.client import Client, Refused, connect
from lvsm.core.errors import LvsmError

SOCKET = Path("/run/lvsm/plvsd.sock")
DEFAULT_PORT = 6610


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which plvsd a command talks to: the local one, or one by TCP."""

    host: str | None
    port: int
    user: str
    password_file: Path | None

    def connect(self) -> Client:
        """Connect and log in; raises LvsmError or OSError."""
        if self.host is None:
            return connect(unix=SOCKET)
        return connect(host=self.host, port=self.port, user=self.user, password=self._password())

    def _password(self) -> str:
        if self.password_file is not None:
            return self.password_file.read_text(encoding="utf-8").splitlines()[0]
        password: str = click.prompt(f"Password of {self.user}", hide_input=True, err=True)
        return password


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lvsm")
@click.option("--host", help="The node to talk to, HOST or HOST:PORT. Default: this machine.")
@click.option("--user", default="admin", show_default=True, help="Who logs in at --host.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The first line of FILE is the password. Default: ask for it.",
)
@click.pass_context
def cli(context: click.Context, host: str | None, user: str, password_file: Path | None) -> None:
    """Look after an LVSM cluster.

    \b
    Examples:
      lvsm status
      lvsm config show > www.toml
      lvsm config save www.toml --comment "add web"
      lvsm --host 10.1.0.11 vip list
    """
    name, separator, port = (host or "").rpartition(":")
    if separator and port.isdigit() and (name.startswith("[") or ":" not in name):
        host, number = name.strip("[]"), int(port)
    else:
        number = DEFAULT_PORT
    context.obj = Target(host=host, port=number, user=user, password_file=password_file)


json_option = click.option("--json", "as_json", is_flag=True, help="Print the document as JSON.")


@cli.command()
@json_option
@click.pass_obj
def status(target: Target, as_json: bool) -> None:
    """Show whether the cluster serves, and who holds what.

    The exit status is 0 when it is OK, 1 when something is wrong, 2 when plvsd does not answer.
    """
    document = _one(target, "STATUS")
    _print(document, render.status(document), as_json)
    sys.exit(0 if document["state"] == "OK" else 1)


@cli.group()
def vip() -> None:
    """Look at virtual services."""


@vip.command("list")
@json_option
@click.pass_obj
def vip_list(target: Target, as_json: bool) -> None:
    """List the virtual services."""
    documents = _ask(target, "VIP LIST")
    text = render.vips(documents) or "No VIP yet: add one with `lvsm config save FILE`."
    _print(documents, text, as_json)


@vip.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def vip_show(target: Target, name: str, as_json: bool) -> None:
    """Show one virtual service with its realservers."""
    document = _one(target, "VIP SHOW", name)
    _print(document, render.vip(document), as_json)


@cli.group()
def config() -> None:
    """Show, check and save the cluster's configuration."""


@config.command("show")
@json_option
@click.pass_obj
def config_show(target: Target, as_json: bool) -> None:
    """Print the configuration as it was saved last."""
    document = _one(target, "CONFIG SHOW")
    _print(document, document["text"].rstrip("\n"), as_json)


file_argument = click.argument("file", type=click.File(encoding="utf-8"))


@config.command("check")
@file_argument
@json_option
@click.pass_obj
def config_check(target: Target, file: TextIO, as_json: bool) -> None:
    """Hold FILE (`-` for standard input) against every rule; save nothing.

    The exit status is 0 when it could be saved and 1 when it has mistakes.
    """
    document = _one(target, "CONFIG CHECK", literal=_text(file), options={"name": _name(file)})
    _print(document, "\n".join([*document["rendered"], document["summary"]]), as_json)
    sys.exit(0 if document["valid"] else 1)


@config.command("save")
@file_argument
@click.option("--comment", default="", help="Why; kept in the history.")
@click.option(
    "--if-generation",
    type=int,
    help="Save only if this is the present generation: the one that FILE was made from.",
)
@click.option("--dry-run", is_flag=True, help="Check only: the same as `config check`.")
@json_option
@click.pass_context
def config_save(
    context: click.Context,
    file: TextIO,
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make FILE (`-` for standard input) the configuration of the whole cluster.

    \b
    Examples:
      lvsm config save www.toml --comment "add web"
      lvsm config show | sed s/wlc/wrr/ | lvsm config save -
    """
    if dry_run:
        context.invoke(config_check, file=file, as_json=as_json)
    options = {"name": _name(file), "comment": comment}
    if if_generation is not None:
        options["base"] = str(if_generation)
    document = _one(context.obj, "CONFIG SAVE", literal=_text(file), options=options)
    _print(document, "\n".join([*document["rendered"], document["summary"]]), as_json)


def _text(file: TextIO) -> bytes:
    try:
        text: str = file.read()
    except UnicodeDecodeError as error:
        raise LvsmError(f"{_name(file)} is not UTF-8 text: {error}") from error
    return text.encode()


def _name(file: TextIO) -> str:
    return "standard input" if file is sys.stdin or file.name == "<stdin>" else file.name


def _ask(
    target: Target,
    verb: str,
    *words: str,
    literal: bytes | None = None,
    options: dict[str, str] | None = None,
) -> list[Any]:
    with target.connect() as client:
        return list(client.request(verb, *words, options=options, literal=literal).items)


def _one(
    target: Target,
    verb: str,
    *words: str,
    literal: bytes | None = None,
    options: dict[str, str] | None = None,
) -> dict[str, Any]:
    document: dict[str, Any] = _ask(target, verb, *words, literal=literal, options=options)[0]
    return document


def _print(document: object, text: str, as_json: bool) -> None:
    click.echo(json.dumps(document) if as_json else text)


def _explain(error: Refused) -> list[str]:
    """What to print for a refusal: every place with its advice, then the message."""
    places = [str(item["rendered"]) for item in error.items if "rendered" in item]
    return [*places, f"lvsm: {error.message}"]


def main() -> None:
    """Run the command; exit status 1 for a refusal, 2 when plvsd cannot be reached."""
    try:
        cli(prog_name="lvsm")
    except Refused as error:
        click.echo("\n".join(_explain(error)), err=True)
        sys.exit(1)
    except LvsmError as error:
        click.echo(f"lvsm: {error.message}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"lvsm: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
