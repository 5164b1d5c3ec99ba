"""The web client's configuration file.

    prefix = "/lvsm"                            # where its pages begin
    origins = ["https://lvs.example.org"]       # as browsers see it behind a reverse proxy

    [tls]                                       # without it, a certificate is made at first start
    certificate = "/etc/ssl/lvs.pem"
    key = "/etc/ssl/private/lvs.key"

    [sessions]                                  # seconds
    idle = 3600
    longest = 43200

    [cluster.www]
    nodes = ["dir1", "dir2:6610"]

Law: nothing in the file is ever ignored; a browser chooses among these clusters and cannot name a
node.
"""

from __future__ import annotations

import re
import tomllib
from typing import Annotated

import msgspec

from lvsm.client import Address, AddressError, parse_address
from webclient.errors import WebError

LONGEST_SESSION = 12 * 3600
"""Seconds; plvsd makes no session credentials that last longer."""
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._-]+)*", re.ASCII)
_ORIGIN = re.compile(r"https://[a-z0-9.\[\]:-]+", re.ASCII)

Seconds = Annotated[int, msgspec.Meta(ge=60, le=LONGEST_SESSION)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of the file's tables."""


class Tls(Table, frozen=True, kw_only=True):
    """The admin's own certificate, with the chain behind it, and its key: PEM files."""

    certificate: str
    key: str


class SessionLimits(Table, frozen=True, kw_only=True):
    """When a session ends: after so many seconds without a click, and after so many in all."""

    idle: Seconds = 3600
    longest: Seconds = LONGEST_SESSION


class ClusterNodes(Table, frozen=True, kw_only=True):
    """The nodes of one cluster as `lvsm --node` takes them; any of them will do."""

    nodes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=64)]

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The same, understood; raises AddressError."""
        return tuple(parse_address(node) for node in self.nodes)


class Settings(Table, frozen=True, kw_only=True):
    """The whole file."""

    cluster: Annotated[dict[str, ClusterNodes], msgspec.Meta(min_length=1)]
    prefix: str = "/lvsm"
    origins: tuple[str, ...] = ()
    tls: Tls | None = None
    sessions: SessionLimits = SessionLimits()


def parse(text: str) -> Settings:
    """Read the file's text; raises WebError that names the place."""
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise WebError(f"the web client's configuration: {error}") from None
    if not _PREFIX.fullmatch(settings.prefix):
        raise WebError(f'prefix: {settings.prefix!r} is no path like "/lvsm", or ""')
    for origin in settings.origins:
        if not _ORIGIN.fullmatch(origin):
            raise WebError(f"origins: {origin!r} is not written as https://HOST or HOST:PORT")
    for name, cluster in settings.cluster.items():
        _check(name, cluster)
    return settings


def _check(name: str, cluster: ClusterNodes) -> None:
    try:
        addresses = cluster.addresses
    except AddressError as error:
        raise WebError(f"cluster.{name}.nodes: {error.message}") from None
    if any(node.startswith("/") for node in cluster.nodes):
        # On a unix socket plvsd asks for no password: everybody would be this process's account.
        raise WebError(f"cluster.{name}.nodes: write HOST or HOST:PORT; a socket needs no login")
    if len(set(addresses)) != len(addresses):
        raise WebError(f"cluster.{name}.nodes: a node stands there twice")
