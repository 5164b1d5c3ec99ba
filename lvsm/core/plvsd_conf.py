"""/etc/plvsd.conf: what one node's plvsd runs with, as TOML. Unknown keys are errors."""

from __future__ import annotations

import re
import tomllib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lvsm.core import readers
from lvsm.core.errors import LvsmError, shortened
from lvsm.core.names import did_you_mean, quoted
from lvsm.core.places import Places
from lvsm.core.readers import Wrong
from lvsm.core.toml_text import too_deep

DEFAULT_PORT = 6610
DEFAULT_UID = "plvsd"
KEY_BYTES = 32
_VERIFIER = re.compile(
    r"SCRAM-SHA-256\$\d{4,8}:[A-Za-z0-9+/=]{16,}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}", re.ASCII
)


class PlvsdConfError(LvsmError):
    """A plvsd.conf that cannot be used; the message names the place, never a secret."""

    code = "plvsd-conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlvsdConf:
    """One node's settings.

    `uid` is a user's name or number; `interface` the one whose first address belongs into IPVS
    tables, None for the first of ha.cf; `listen` the addresses to serve on, empty for all;
    `cluster_key` base64 of at least 32 bytes, for clusters whose authkeys has no key.
    """

    port: int = DEFAULT_PORT
    uid: str | int = DEFAULT_UID
    interface: str | None = None
    password_verifier: str | None = field(default=None, repr=False)
    cluster_key: str | None = field(default=None, repr=False)
    listen: tuple[str, ...] = ()
    log_level: str = "info"


def _uid(value: Any) -> str | int:
    if type(value) is int and value > 0:
        return value
    return readers.text(value)


def _verifier(value: Any) -> str:
    if _VERIFIER.fullmatch(readers.text(value)) is None:
        raise Wrong("verifier", "this is no SCRAM verifier", "Run `lvsm passwd` or writeconfigs.")
    return readers.text(value)


def _cluster_key(value: Any) -> str:
    try:
        enough = len(b64decode(readers.text(value), validate=True)) >= KEY_BYTES
    except ValueError:  # binascii.Error is one, and so is what other characters than ASCII give
        enough = False
    if not enough:
        raise Wrong("key", "this is no key", f"Give base64 of at least {KEY_BYTES} random bytes.")
    return readers.text(value)


_KEYS: Mapping[str, Callable[[Any], Any]] = {
    "port": readers.number(1, 65535),
    "uid": _uid,
    "interface": readers.text,
    "password_verifier": _verifier,
    "cluster_key": _cluster_key,
    "listen": readers.many(lambda value: str(readers.address(value))),
    "log_level": readers.words(("debug", "info", "warning", "error")),
}

HELP: Mapping[str, str] = {
    "port": "The TCP port that it serves on, the same on all nodes.",
    "uid": "The user, by name or number, that plvsd's larger part runs as; never root.",
    "interface": "The interface whose first address belongs into IPVS tables, as `eth0`; without"
    " it, the first one of ha.cf.",
    "password_verifier": "The SCRAM-SHA-256 verifier of `admin`, from which nobody can tell the"
    " password. It counts at the first start only: afterwards `lvsm passwd` changes the password.",
    "cluster_key": "Base64 of at least 32 random bytes, the same on all nodes, by which they prove"
    " themselves to each other. It is needed only where heartbeat's authkeys has no key (`crc`).",
    "listen": 'The addresses to serve on, as `["10.1.0.11"]`; without it, all of this machine.',
    "log_level": "How much is logged: `debug`, `info`, `warning` or `error`.",
}
"""What each key says, for plvsd.conf(5)."""


def parse(text: str) -> PlvsdConf:
    """Read a plvsd.conf; raises PlvsdConfError for the first mistake."""
    if too_deep(text) is not None:
        raise PlvsdConfError("plvsd.conf is no TOML that LVSM reads: a key has too many dots")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise PlvsdConfError("plvsd.conf is no TOML: brackets in brackets, too deep") from None
    except ValueError as error:  # tomllib's own, and Python's about numbers of 4,300 digits
        raise PlvsdConfError(f"plvsd.conf is no TOML: {shortened(error)}") from None
    values = {}
    for key, value in document.items():
        if key not in _KEYS:
            raise _error(text, key, f"there is no key {quoted(key)}", did_you_mean(key, _KEYS))
        try:
            values[key] = _KEYS[key](value)
        except Wrong as wrong:
            raise _error(text, key, wrong.message, wrong.advice) from None
    return PlvsdConf(**values)


def _error(text: str, key: str, message: str, advice: str) -> PlvsdConfError:
    place = Places(text).key((key,))
    where = f"plvsd.conf:{place.line}:{place.column} {shortened(key)}"
    return PlvsdConfError(f"{where}: {message}. {advice}")


def render(conf: PlvsdConf) -> str:
    """The text of a plvsd.conf; its mode is 0640, root and plvsd's group."""
    default = PlvsdConf()
    lines = ["# This node's plvsd. See plvsd.conf(5)."]
    for key in _KEYS:
        value = getattr(conf, key)
        if value is None or (value == getattr(default, key) and key not in ("port", "uid")):
            continue
        lines.append(f"{key} = {_text(value)}")
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
