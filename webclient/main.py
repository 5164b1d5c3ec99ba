"""lvsm-web: the web client of LVSM.

lvsm-web --listen 0.0.0.0:8443 --config /etc/lvsm-web.toml --state /var/lib/lvsm-web
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from lvsm.client import LvsmError, Tcp, parse_address
from webclient.certificate import fingerprint, load_or_make, local_names
from webclient.errors import WebError
from webclient.settings import Settings, parse

FAILED = 1


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--listen",
    default="[::]:8443",
    show_default=True,
    metavar="HOST:PORT",
    help="Where browsers connect, by HTTPS.",
)
@click.option(
    "--config",
    "config",
    default="/etc/lvsm-web.toml",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The clusters and their nodes, and the rest.",
)
@click.option(
    "--state",
    default="/var/lib/lvsm-web",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the certificate is that is made at the first start.",
)
def main(listen: str, config: Path, state: Path) -> None:
    """Serve the web client of LVSM until it is stopped.

    \b
    Examples:
      lvsm-web --listen 0.0.0.0:8443 --config lvsm-web.toml --state /var/lib/lvsm-web
    """
    try:
        _serve(listen, config, state)
    except (LvsmError, OSError) as error:
        sys.stderr.write(f"lvsm-web: {error}\n")
        sys.exit(FAILED)


def _serve(listen: str, config: Path, state: Path) -> None:
    settings = _settings(config)
    address = _listened(listen)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.umask(0o077)
    certificate, key = load_or_make(state, settings.tls, local_names(address.host))
    sys.stdout.write(
        f"lvsm-web serves https://{address}{settings.prefix}/\n"
        f"certificate (SHA-256): {fingerprint(certificate)}\n"
    )
    sys.stdout.flush()
    from webclient.app import create_app
    from webclient.server import Server
    from webclient.site import make_site

    Server(
        lambda: create_app(make_site(settings)),
        listen=str(address),
        certificate=certificate,
        key=key,
    ).run()


def _settings(config: Path) -> Settings:
    try:
        return parse(config.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise WebError(f"{config} is no UTF-8: {error.reason}") from None


def _listened(text: str) -> Tcp:
    address = parse_address(text)
    if not isinstance(address, Tcp):
        raise WebError("--listen is HOST:PORT")
    return address


if __name__ == "__main__":
    main()
