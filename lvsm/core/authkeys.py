"""heartbeat's authkeys: `auth N`, then a line `N crc`, `N md5 KEY` or `N sha1 KEY` for each key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lvsm.core.errors import LvsmError

METHODS = ("crc", "md5", "sha1")


class AuthkeysError(LvsmError):
    """A line that heartbeat would not accept; no key is ever part of the message."""

    code = "authkeys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authkeys:
    """The number of the key in use, and each key's method and text (None for crc)."""

    use: int
    keys: Mapping[int, tuple[str, str | None]] = field(repr=False)

    def secret(self) -> bytes | None:
        """The key in use; None for crc, which has none."""
        key = self.keys[self.use][1]
        return None if key is None else key.encode()


def parse(text: str) -> Authkeys:
    """Read an authkeys; raises AuthkeysError with the line's number."""
    use: int | None = None
    keys: dict[int, tuple[str, str | None]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split("#")[0].split() if line.lstrip().startswith("#") else line.split()
        if not words:
            continue
        if words[0] == "auth" and len(words) == 2 and use is None:
            use = _index(words[1], number)
        elif use is None:
            raise AuthkeysError(f"authkeys line {number}: the first line is `auth N`")
        else:
            keys[_index(words[0], number)] = _key(words[1:], number)
    if use is None or use not in keys:
        raise AuthkeysError(
            "authkeys: `auth N` names a key, and the line `N METHOD KEY` is missing"
        )
    return Authkeys(use=use, keys=keys)


def _index(word: str, number: int) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) <= 2 and int(word) <= 15):
        raise AuthkeysError(f"authkeys line {number}: a key's number is between 0 and 15")
    return int(word)


def _key(words: list[str], number: int) -> tuple[str, str | None]:
    if words == ["crc"]:
        return "crc", None
    if len(words) == 2 and words[0] in METHODS[1:]:
        return words[0], words[1]
    raise AuthkeysError(f"authkeys line {number}: write `N crc`, `N md5 KEY` or `N sha1 KEY`")


def render(authkeys: Authkeys) -> str:
    """The text of an authkeys; its file must be readable by root alone."""
    lines = [f"auth {authkeys.use}"]
    for number, (method, key) in sorted(authkeys.keys.items()):
        lines.append(f"{number} {method}" if key is None else f"{number} {method} {key}")
    return "\n".join(lines) + "\n"
