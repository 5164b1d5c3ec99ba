"""How good a password is: which ones are refused, and what is said of the others.

The estimate is a hint, not a promise: the password's length times the bits of the kinds of
characters in it. A verifier costs whoever steals it 137 ms of a core for each guess.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable

from lvsm.core.readers import Wrong
from lvsm.core.saslprep import UnusableTextError, saslprep

SHORTEST = 8
_FEW = 3
_WEAK, _FAIR = 48, 70
_KNOWN = (
    "password passw0rd passwort administrator changeme default letmein welcome qwertyui "
    "qwertyuiop qwertz12 12345678 123456789 1234567890 87654321 11111111 00000000 "
    "abcdefgh abcd1234 iloveyou penguin1 penguinlvs plvsadmin plvsd123 rootroot toortoor "
    "adminadmin heartbeat linuxlvs lvsadmin "
)
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation + " ")


def check(password: str, names: Iterable[str] = ()) -> None:
    """Refuse what is guessed first; `names` are what this cluster is known by. Raises Wrong."""
    if len(password) < SHORTEST:
        raise _weak("it is empty" if not password else f"it has fewer than {SHORTEST} characters")
    try:
        plain = saslprep(password).casefold()
    except UnusableTextError as error:
        advice = "Choose one without control characters, and in one direction of writing."
        raise Wrong("unusable-text", f"this password is refused: {error.message}", advice) from None
    if _known(plain) or _known(plain.rstrip(string.digits + "!.?")):
        raise _weak("it is among the first that anybody tries")
    if plain in {name.casefold() for name in names}:
        raise _weak("it is a name that anybody can see")
    if len(set(plain)) <= _FEW:
        raise _weak("it repeats a few characters")


def _known(password: str) -> bool:
    return f" {password} " in f" {_KNOWN}"


def _weak(reason: str) -> Wrong:
    advice = f"Choose {SHORTEST} characters or more; four words that nobody expects are good."
    return Wrong("weak-password", f"this password is refused: {reason}", advice)


def strength(password: str) -> str:
    """What is said of a password that is not refused: a sentence."""
    bits = len(set(password)) * math.log2(_alphabet(password))
    if bits < _WEAK:
        return "weak: a few more words or characters would make it much better."
    return "fair." if bits < _FAIR else "good."


def _alphabet(password: str) -> int:
    size = sum(len(kind) for kind in _KINDS if any(letter in kind for letter in password))
    return size + (100 if any(not letter.isascii() for letter in password) else 0) or 1
