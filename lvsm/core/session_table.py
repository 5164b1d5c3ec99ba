"""What a connection's state does with each word: the session's table, as data (docs/protocol.md).

Where a pair is missing, nothing can come: AUTHENTICATING takes one line of base64, SETTLING and
CLOSED take nothing, GREETING ends before the first byte is read.
"""

from __future__ import annotations

import enum


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

LOGIN_VERBS = {
    "AUTH": "AUTH SCRAM-SHA-256-PLUS <base64>: log in",
    "HELP": "HELP: this text",
    "NOOP": "NOOP: do nothing",
    "QUIT": "QUIT: end the connection",
}
"""The verbs that the session answers itself, with their help."""
