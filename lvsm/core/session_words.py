"""What a client's line says, as far as its connection cares."""

from __future__ import annotations

from collections.abc import Collection

from lvsm.core import messages
from lvsm.core.messages import BadRequestError, Command
from lvsm.core.session_table import LOGIN_VERBS, Word


def understood(line: str, verbs: Collection[str]) -> tuple[Word, Command] | None:
    """The word and the command of a line, None for a blank one.

    `verbs` are those that there are, in capitals. The command of a MALFORMED line has the line as
    its verb, and as its only argument what is wrong with it.
    """
    if not line.strip(" \t"):
        return None
    try:
        command = messages.parse(line, verbs)
    except BadRequestError as error:
        return Word.MALFORMED, Command(verb=line, args=(error.message,))
    if command.literal is not None:
        return Word.WITH_LITERAL, command
    return (Word(command.verb) if command.verb in LOGIN_VERBS else Word.OTHER), command
