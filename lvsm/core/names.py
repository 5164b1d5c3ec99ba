"""The names of nodes, virtual services and groups: one rule for all.

Beside it the names of interfaces, which are the kernel's, and how a message shows what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_INTERFACE = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}", re.ASCII)
_LONGEST_SHOWN = 70

RULE = (
    "a name begins with a lower-case letter or a digit and has at most 63 lower-case letters,"
    " digits, dots, underscores and hyphens, no two dots together"
)


def is_name(text: str) -> bool:
    """Whether `text` can name a node, a virtual service or a group."""
    return _NAME.fullmatch(text) is not None and ".." not in text


def is_interface(text: str) -> bool:
    """Whether `text` can name a network interface that LVSM uses.

    The kernel takes more (dev_valid_name in net/core/dev.c: up to 15 bytes without a slash, a colon
    or white space); these are the characters that the privileged half accepts.
    """
    return _INTERFACE.fullmatch(text) is not None


def quoted(text: str) -> str:
    """`text` as a message shows it: in quotation marks, in one line, and not longer than one."""
    if len(text) <= _LONGEST_SHOWN:
        return repr(text)
    return repr(text[: _LONGEST_SHOWN - 3] + "...")


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `text` most likely meant; None when none is near."""
    if len(text) > _LONGEST_SHOWN:
        return None  # nothing near it can be a name, and the search takes its time
    found = get_close_matches(text, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """Advice for a name that is not among the known ones: the nearest, else what there is."""
    names = sorted(known)
    near = nearest(text, names)
    if near is not None:
        return f"Did you mean {near!r}?"
    if not names:
        return "There is none yet."
    shown = ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
    return f"There are: {shown}."
