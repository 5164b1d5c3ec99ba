"""Where a plvsd is: a host and port, or a unix socket of this machine.

Law: parse_address(str(address)) == address.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import NamedTuple

from lvsm.core.errors import LvsmError

DEFAULT_PORT = 6610


class AddressError(LvsmError):
    """A node's address that cannot be understood."""

    code = "bad-address"


class Tcp(NamedTuple):
    """A plvsd by its network address."""

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        """As `parse_address` reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Unix(NamedTuple):
    """A plvsd by its socket on this machine; the kernel says who asks, there is no login."""

    path: str | PathLike[str]

    def __str__(self) -> str:
        """As `parse_address` reads it."""
        return fspath(self.path)


Address = Tcp | Unix
LOCAL = Unix("/run/lvsm/plvsd.sock")
"""The plvsd of this machine."""


def parse_address(text: str) -> Address:
    """Understand `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT`, or `/the/path/of/a/socket`.

    Raises AddressError.
    """
    if text.startswith("/"):
        return Unix(text)
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port, known = rest.removeprefix(":"), not rest or rest.startswith(":")
        if not (bracket and known and ":" in host):
            raise AddressError("write an IPv6 address as [ADDRESS] or [ADDRESS]:PORT")
        return Tcp(host, _port(port) if rest else DEFAULT_PORT)
    host, separator, port = text.partition(":")
    if ":" in port:
        raise AddressError(f"an IPv6 address stands in brackets: [{text}] or [{text}]:PORT")
    if not host or any(character.isspace() for character in host):
        raise AddressError("write HOST or HOST:PORT")
    return Tcp(host, _port(port) if separator else DEFAULT_PORT)


def _port(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536:
        return int(text)
    raise AddressError(f"a port is a number from 1 to 65535, not {text[:20]!r}")
