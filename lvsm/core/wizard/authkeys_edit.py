"""An existing authkeys made to use the method and key that were answered.

Law: comments and other keys stay where they are; only the line of the key in use changes. An
authkeys that cannot be understood is replaced, but for its comments. No error repeats a key.
"""

from __future__ import annotations

from lvsm.core import authkeys
from lvsm.core.authkeys import AuthkeysError
from lvsm.core.wizard.ha_cf_edit import WizardError

_FRESH = "# heartbeat's key, the same on every node. writeconfigs wrote it; for root alone.\n"


def edited(text: str | None, method: str, key: str | None) -> str:
    """`text` with this method and key in use; `key` is None for crc. Raises WizardError."""
    wanted = (method, key)
    line = f"{method}" if key is None else f"{method} {key}"
    try:
        found = authkeys.parse(text or "")
    except AuthkeysError:
        result = f"{_comments(text) or _FRESH}auth 1\n1 {line}\n"
    else:
        if found.keys[found.use] == wanted:
            return text or ""
        result = _replaced(text or "", found.use, line)
    read = authkeys.parse(result)
    if read.keys[read.use] != wanted:
        raise WizardError("authkeys is written in a way that cannot be changed: move it away")
    return result


def _comments(text: str | None) -> str:
    kept = [line for line in (text or "").split("\n") if line.lstrip().startswith("#")]
    return "".join(f"{line}\n" for line in kept)


def _replaced(text: str, number: int, line: str) -> str:
    lines = text.rstrip("\n").split("\n")
    places = [index for index, old in enumerate(lines) if _number(old) == number]
    lines[places[0]] = f"{number} {line}"
    kept = [old for index, old in enumerate(lines) if index not in places[1:]]
    return "\n".join(kept) + "\n"


def _number(line: str) -> int | None:
    words = line.split()
    first = words[0] if words else ""
    return int(first) if first.isascii() and first.isdecimal() else None


def others(text: str) -> tuple[str, ...]:
    """What an authkeys accepts besides the key in use: heartbeat takes a packet by any of them."""
    try:
        found = authkeys.parse(text)
    except AuthkeysError:
        return ()
    return tuple(
        f"{number} {method}" for number, (method, _) in found.keys.items() if number != found.use
    )
