"""What `lvsm` ends with: the one table of exit codes, and which error ends with which.

Law: a script may tell by the number alone what to do next: look (1), save (2), try another node
(3), log in as somebody else (4), start from the newer text (5), wait (6), call a person (7), mend
itself (64).
"""

from __future__ import annotations

from typing import NamedTuple

from lvsm.core.errors import LvsmError

OK = 0
ERROR = 1
CHANGES = 2
UNREACHABLE = 3
NOT_ALLOWED = 4
CONFLICT = 5
PARTIAL = 6
DEGRADED = 7
USAGE = 64
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


class Exit(NamedTuple):
    """An exit code: its number, its word, and what it means."""

    number: int
    word: str
    meaning: str


TABLE = (
    Exit(OK, "ok", "It was done, and of `status`: the cluster is OK."),
    Exit(ERROR, "error", "It was not done, or was done in part; the message says what to do."),
    Exit(
        CHANGES,
        "changes",
        "Of `config check --detailed-exitcode`: saving the text would change something.",
    ),
    Exit(UNREACHABLE, "unreachable", "No plvsd answered, and nothing was changed."),
    Exit(NOT_ALLOWED, "not allowed", "The login failed, or this user may not do that."),
    Exit(CONFLICT, "conflict", "Somebody saved meanwhile: start again from the newer text."),
    Exit(
        PARTIAL,
        "partial",
        "Done, and the rest is on its way: some nodes do not have a Save yet, or a realserver that"
        " drains still has connections.",
    ),
    Exit(DEGRADED, "degraded", "Of `status`: the cluster is degraded or down."),
    Exit(USAGE, "usage", "The command line is wrong; nothing was done."),
    Exit(INTERRUPTED, "interrupted", "It was stopped by Ctrl-C."),
)

_OF_CODE = {
    "unreachable": UNREACHABLE,
    "bad-response": UNREACHABLE,
    "wrong-certificate": UNREACHABLE,
    "auth-failed": NOT_ALLOWED,
    "not-the-server": NOT_ALLOWED,
    "login-required": NOT_ALLOWED,
    "session-ended": NOT_ALLOWED,
    "forbidden": NOT_ALLOWED,
    "conflict": CONFLICT,
}


def of(error: LvsmError) -> int:
    """The exit code of an error, by its stable code."""
    return of_code(error.code)


def of_code(code: str) -> int:
    """The exit code of a stable error code."""
    return _OF_CODE.get(code, ERROR)
