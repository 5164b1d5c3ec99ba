"""Which plvsd a command talks to, who logs in there, and how long it waits.

Law: nodes are tried in their order, and only one that cannot be reached makes way for the next: a
refused login is final. A password comes from a question, a file or a descriptor, and is read once,
when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lvsm.client import CONNECT_TIMEOUT, DEFAULT_PORT, Client, UnreachableError, connect
from lvsm.core.errors import LvsmError


class AddressError(LvsmError):
    """A node's address that cannot be understood."""

    code = "bad-address"


@dataclass(frozen=True, slots=True)
class Tcp:
    """A plvsd by its network address."""

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Unix:
    """A plvsd by its socket on this machine; the kernel says who asks, there is no login."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


Address = Tcp | Unix


def parse_address(text: str) -> Address:
    """Understand `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT`, or `/the/path/of/a/socket`.

    parse_address(str(address)) == address. Raises AddressError.
    """
    if text.startswith("/"):
        return Unix(Path(text))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The nodes to try, and how to log in there; `timeout` is for each answer, in seconds."""

    addresses: tuple[Address, ...]
    user: str
    password: Callable[[], str]
    fingerprint: str | None
    timeout: float

    def connect(self) -> Client:
        """Connect to the first node that answers, and log in.

        Raises UnreachableError when none does; Refused, ScramError for a login that fails.
        """
        password: str | None = None
        failures: list[UnreachableError] = []
        for address in self.addresses:
            if isinstance(address, Tcp) and password is None:
                password = self.password()
            try:
                return self._connect(address, password or "")
            except UnreachableError as error:
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        raise UnreachableError(
            "no node answers:" + "".join(f"\n  {error.message}" for error in failures)
        )

    def _connect(self, address: Address, password: str) -> Client:
        patience = min(self.timeout, CONNECT_TIMEOUT)
        if isinstance(address, Unix):
            return connect(unix=address.path, timeout=self.timeout, connect_timeout=patience)
        return connect(
            address.host,
            address.port,
            self.user,
            password,
            timeout=self.timeout,
            connect_timeout=patience,
            fingerprint=self.fingerprint,
        )


def first_line(lines: Iterable[str]) -> str:
    """A password as a file has it: the first line, without its end."""
    return next(iter(lines), "").rstrip("\r\n")
