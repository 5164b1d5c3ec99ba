"""The keys of a `check`, as `config_keys` has those of the other tables.

Law: what a monitor could stumble over is refused here: a header with a line's end in it, a regular
expression that does not compile, a status that no server answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lvsm.core import readers
from lvsm.core.check import Check, CheckType, Record
from lvsm.core.key_table import Key, Kind, boolean, choice, key, number, table, text
from lvsm.core.names import quoted
from lvsm.core.readers import Wrong

SHORTEST_INTERVAL = 0.1
LONGEST_INTERVAL = 3600.0
LONGEST_TIMEOUT = 300.0
MOST_IN_A_ROW = 100
LARGEST_LIMIT = 16 * 1024 * 1024
LONGEST_EXPIRY = 3650
_LONGEST = 4096
_METHOD = re.compile(r"[A-Z]{1,20}", re.ASCII)
_PATH = re.compile(r"[/*][!-~]*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,253}", re.ASCII)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\t -~]*", re.ASCII)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*", re.ASCII)
_DOMAIN = re.compile(r"\.|(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?", re.ASCII)
_ANYTHING = re.compile(r".*", re.DOTALL)
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|xx)", re.ASCII)
_DEFAULT = Check(type=CheckType.TCP)


def _like(pattern: re.Pattern[str], what: str, advice: str) -> readers.Reader:
    def read(value: object) -> str:
        found = readers.text(value)
        if len(found) > _LONGEST or not pattern.fullmatch(found):
            raise Wrong("check-value", f"{quoted(found)} is no {what}", advice)
        return found

    return read


def _seconds(low: float, high: float) -> readers.Reader:
    """Seconds, to the millisecond."""

    def read(value: object) -> float:
        if type(value) not in (int, float):
            raise Wrong("type", "this has to be a number of seconds", "Write it like 2 or 0.5.")
        if not low <= value <= high:  # type: ignore[operator]  # a number, by the line above
            raise Wrong(
                "range", "so many seconds cannot be", f"Choose between {low:g} and {high:g}."
            )
        return round(float(value), 3)  # type: ignore[arg-type]  # as above

    return read


def _shown_seconds(name: str) -> object:
    def show(check: Check) -> object:
        value: float = getattr(check, name)
        if value == getattr(_DEFAULT, name):
            return None
        return int(value) if value.is_integer() else value

    return show


def _statuses(value: object) -> tuple[str, ...]:
    """One status or a list of them: 200, "2xx"."""
    if isinstance(value, list):
        found: tuple[str, ...] = readers.many(_status, least=1)(value)
        return found
    return (_status(value),)


def _status(value: object) -> str:
    word = str(value) if type(value) is int and 0 <= value < 1000 else value
    if not isinstance(word, str) or not _STATUS.fullmatch(word):
        raise Wrong("check-value", "this is no status of HTTP", 'Write it like 200 or "2xx".')
    return word


def _shown_statuses(check: Check) -> object:
    if check.expect == _DEFAULT.expect:
        return None
    words = [int(word) if word.isdecimal() else word for word in check.expect]
    return words[0] if len(words) == 1 else words


def _pattern(value: object) -> str:
    found = readers.text(value)
    try:
        re.compile(found.encode())
    except (re.error, UnicodeEncodeError, RecursionError, OverflowError) as error:
        raise Wrong(
            "check-value",
            f"this is no regular expression: {str(error)[:80]}",
            "Write it as Python's `re` reads it (docs.python.org/library/re).",
        ) from None
    if len(found) > _LONGEST:
        raise Wrong("check-value", "this is too long", f"Use at most {_LONGEST} characters.")
    return found


CHECK: Mapping[str, Key] = table(
    choice("type", CheckType, "what is asked of a realserver", needed=True, default=None),
    number(
        "port", 1, 65535, "the port to check, if it is another one than clients use", "8080",
        code="port",
    ),
    key(
        "interval",
        Kind.SECONDS,
        _seconds(SHORTEST_INTERVAL, LONGEST_INTERVAL),
        "seconds from one check of a realserver to the next",
        "0.5",
        shown=_shown_seconds("interval"),
    ),
    key(
        "timeout",
        Kind.SECONDS,
        _seconds(SHORTEST_INTERVAL, LONGEST_TIMEOUT),
        "seconds that a realserver has for its whole answer",
        "1",
        shown=_shown_seconds("timeout"),
    ),
    number("rise", 1, MOST_IN_A_ROW, "good results in a row that make it up", "2",
           default=_DEFAULT.rise),
    number("fall", 1, MOST_IN_A_ROW, "bad results in a row that make it down", "3",
           default=_DEFAULT.fall),
    boolean(
        "damping", "whether one that goes up and down stays out for a while", default=True
    ),
    text(
        "method",
        _like(_METHOD, "method of HTTP", "Write it in capitals: GET, HEAD."),
        "the method of the request",
        '"HEAD"',
        default=_DEFAULT.method,
    ),
    text(
        "path",
        _like(_PATH, "path", "Begin it by a slash; write other characters as %20."),
        "what is asked for",
        '"/health"',
        default=_DEFAULT.path,
    ),
    text(
        "host",
        _like(_HOST, "host", "Write a name or an address, with or without a port."),
        "the name in the Host header and in TLS's greeting",
        '"www.example.com"',
        default=None,
    ),
    key(
        "headers",
        Kind.LIST,
        readers.many(_like(_HEADER, "header", 'Write it like "Name: value".')),
        "further headers of the request",
        '["X-Check: lvsm"]',
        default=(),
    ),
    key(
        "expect",
        Kind.LIST,
        _statuses,
        "the statuses that are good",
        '[200, "3xx"]',
        shown=_shown_statuses,
    ),
    text(
        "body",
        _pattern,
        "a regular expression that has to match somewhere in the body",
        '"ready"',
        default=None,
    ),
    number(
        "limit", 1, LARGEST_LIMIT, "bytes of the body that are looked at", "4096",
        default=_DEFAULT.limit,
    ),
    boolean("verify", "whether the certificate has to be good for `host`", default=False),
    text(
        "send",
        _like(_ANYTHING, "text that can be sent", f"Use at most {_LONGEST} characters."),
        "what is sent",
        '"PING\\r\\n"',
        default=_DEFAULT.send,
    ),
    text(
        "send_hex",
        _like(_HEX, "row of bytes", 'Write two hexadecimal digits a byte: "00ff".'),
        "the same in hexadecimal digits, for what is no text",
        '"00ff"',
        default=_DEFAULT.send_hex,
    ),
    text(
        "receive",
        _pattern,
        "a regular expression that has to match somewhere in the answer",
        '"PONG"',
        default=None,
    ),
    boolean("tls", "whether TLS is spoken from the first byte on", default=False),
    text(
        "query",
        _like(_DOMAIN, "name of the DNS", 'Write it like "www.example.com".'),
        "the name that is asked for",
        '"www.example.com"',
        default=None,
    ),
    choice("record", Record, "the type of record that is asked for", default=_DEFAULT.record),
    number(
        "expires",
        0,
        LONGEST_EXPIRY,
        "days for which the certificate has to be good still; without it nobody looks at it",
        "14",
    ),
)  # fmt: skip
