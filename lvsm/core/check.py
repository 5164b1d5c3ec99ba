"""How a virtual service's realservers are checked: the model, and which keys belong to which type.

Law: a Check says what is asked of a realserver and how often; it never says whether one is healthy
(`health` does), nor how it is asked (mon's monitors do).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

INTERVAL = 2.0
"""Seconds between two checks of a realserver, where the text says nothing."""
TIMEOUT = 2.0
RISE = 2
FALL = 3
METHOD = "GET"
PATH = "/"
EXPECT = ("2xx",)
LIMIT = 65_536
"""Bytes of an answer's body that are looked at."""


class CheckType(StrEnum):
    """What is asked of a realserver."""

    TCP = "tcp"
    HTTP = "http"
    HTTPS = "https"
    EXPECT = "expect"
    UDP = "udp"
    SMTP = "smtp"
    DNS = "dns"
    PING = "ping"


class Record(StrEnum):
    """What a check by dns asks for."""

    A = "A"
    AAAA = "AAAA"
    NS = "NS"
    SOA = "SOA"
    MX = "MX"
    TXT = "TXT"


class OnFailure(StrEnum):
    """What becomes of a realserver that fails: weight 0, or no entry in the table at all."""

    QUIESCE = "quiesce"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One `check` of a virtual service; times in seconds.

    `port` is None for the one that clients reach. `rise` and `fall` are results in a row that make
    a realserver up and down; `damping` keeps one that flaps out for a while. `host` is the name
    that http asks for (and TLS greets), None for the virtual service's address; `headers` are
    `Name: value`; `expect` statuses, `200` or `2xx`; `body` a regular expression that the first
    `limit` bytes of the body have to match somewhere. `verify` wants a certificate that is good for
    `host` by the authorities that the director knows, `expires` one that is good for so many days
    still, None for one whose end nobody looks at.

    By expect and udp, `send` goes there as UTF-8 (or `send_hex` as bytes), and the regular
    expression `receive` has to match the answer, of which `limit` bytes are looked at; None for any
    answer. `tls` wraps expect and smtp in TLS from the first byte on. By dns, `query` is the name
    that is asked for and `record` the type.
    """

    type: CheckType
    port: int | None = None
    interval: float = INTERVAL
    timeout: float = TIMEOUT
    rise: int = RISE
    fall: int = FALL
    damping: bool = True
    method: str = METHOD
    path: str = PATH
    host: str | None = None
    headers: tuple[str, ...] = ()
    expect: tuple[str, ...] = EXPECT
    body: str | None = None
    limit: int = LIMIT
    verify: bool = False
    send: str = ""
    send_hex: str = ""
    receive: str | None = None
    tls: bool = False
    query: str | None = None
    record: Record = Record.A
    expires: int | None = None


_ALWAYS = frozenset({"type", "port", "interval", "timeout", "rise", "fall", "damping"})
_HTTP = _ALWAYS | {"method", "path", "host", "headers", "expect", "body", "limit"}
_CERTIFICATE = frozenset({"verify", "expires"})
_TALK = frozenset({"send", "send_hex", "receive", "limit"})
KEYS_OF: Mapping[CheckType, frozenset[str]] = {
    CheckType.TCP: _ALWAYS,
    CheckType.HTTP: _HTTP,
    CheckType.HTTPS: _HTTP | _CERTIFICATE,
    CheckType.EXPECT: _ALWAYS | _TALK | _CERTIFICATE | {"tls", "host"},
    CheckType.UDP: _ALWAYS | _TALK,
    CheckType.SMTP: _ALWAYS | _CERTIFICATE | {"tls", "host"},
    CheckType.DNS: _ALWAYS | {"query", "record"},
    CheckType.PING: _ALWAYS - {"port"},
}
"""The keys that mean something to each type of check."""
