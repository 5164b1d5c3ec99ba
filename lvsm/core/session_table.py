"""What a connection's state does with each word, and where it goes from there: tables, as data.

TABLE says what is done about a line, MOVES where the connection is after a turn of events; the
diagram in docs/protocol.md is drawn from both. Where a pair is missing, nothing can come:
AUTHENTICATING takes one line of base64, SETTLING and CLOSED take nothing, GREETING ends before the
first byte is read.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from lvsm.core.responses import Err, Listing, Ok, Response


class State(enum.Enum):
    """Where a connection is."""

    GREETING = "greeting"
    UNAUTHENTICATED = "unauthenticated"
    AUTHENTICATING = "authenticating"
    SETTLING = "settling"
    READY = "ready"
    CLOSED = "closed"


class Word(enum.Enum):
    """What a line says, as far as the connection cares."""

    AUTH = "AUTH"
    HELP = "HELP"
    NOOP = "NOOP"
    QUIT = "QUIT"
    OTHER = "any other verb"
    WITH_LITERAL = "any verb with a literal"
    MALFORMED = "a malformed line"


class Reaction(enum.Enum):
    """What is done about it."""

    OPEN_LOGIN = "begin the login"
    LIST = "list the verbs"
    NOTHING = "say OK"
    END = "say OK and close"
    REQUEST = "have it answered"
    TAKE_LITERAL = "take the literal, then have it answered"
    ALREADY = "ERR bad-request"
    COMPLAIN = "ERR bad-request, and why"
    SEND_AWAY = "ERR login-required"
    HANG_UP = "ERR and close"


class Turn(enum.Enum):
    """What takes a connection from one state to another."""

    GREETED = "greeted over TCP"
    VOUCHED = "greeted on the unix socket, where the kernel says who is there"
    OPENED = "AUTH with a good first message"
    TRIED = "the login's last message"
    PROVED = "the penalty has passed, the proof was right"
    FAILED = "the penalty has passed, the proof was wrong"
    ENDED = "QUIT, end of input, junk, too late, too long idle"


TABLE: dict[tuple[State, Word], Reaction] = {
    (State.UNAUTHENTICATED, Word.AUTH): Reaction.OPEN_LOGIN,
    (State.UNAUTHENTICATED, Word.HELP): Reaction.LIST,
    (State.UNAUTHENTICATED, Word.NOOP): Reaction.NOTHING,
    (State.UNAUTHENTICATED, Word.QUIT): Reaction.END,
    (State.UNAUTHENTICATED, Word.OTHER): Reaction.SEND_AWAY,
    (State.UNAUTHENTICATED, Word.WITH_LITERAL): Reaction.HANG_UP,
    (State.UNAUTHENTICATED, Word.MALFORMED): Reaction.HANG_UP,
    (State.READY, Word.AUTH): Reaction.ALREADY,
    (State.READY, Word.HELP): Reaction.LIST,
    (State.READY, Word.NOOP): Reaction.NOTHING,
    (State.READY, Word.QUIT): Reaction.END,
    (State.READY, Word.OTHER): Reaction.REQUEST,
    (State.READY, Word.WITH_LITERAL): Reaction.TAKE_LITERAL,
    (State.READY, Word.MALFORMED): Reaction.COMPLAIN,
}

CANNED: dict[Reaction, Response] = {
    Reaction.NOTHING: Ok(0, "nothing done"),
    Reaction.ALREADY: Err("bad-request", "you are logged in already"),
    Reaction.SEND_AWAY: Err("login-required", "log in first, by AUTH: HELP lists what else is"),
}
"""The reactions that are one answer, always the same."""

MOVES: dict[tuple[State, Turn], State] = {
    (State.GREETING, Turn.GREETED): State.UNAUTHENTICATED,
    (State.GREETING, Turn.VOUCHED): State.READY,
    (State.UNAUTHENTICATED, Turn.OPENED): State.AUTHENTICATING,
    (State.UNAUTHENTICATED, Turn.ENDED): State.CLOSED,
    (State.AUTHENTICATING, Turn.TRIED): State.SETTLING,
    (State.AUTHENTICATING, Turn.ENDED): State.CLOSED,
    (State.SETTLING, Turn.PROVED): State.READY,
    (State.SETTLING, Turn.FAILED): State.CLOSED,
    (State.READY, Turn.ENDED): State.CLOSED,
}

LOGIN_VERBS = {
    "AUTH": "AUTH SCRAM-SHA-256-PLUS <base64>: log in",
    "HELP": "HELP: this text",
    "NOOP": "NOOP: do nothing",
    "QUIT": "QUIT: end the connection",
}
"""The verbs that the session answers itself, with their help."""


def listed(verbs: Mapping[str, str]) -> Listing:
    """The answer to HELP, from each verb with its line of help."""
    return Listing.of(({"verb": verb, "help": verbs[verb]} for verb in sorted(verbs)), "listed")


STRANGERS_LISTING = listed(LOGIN_VERBS)
