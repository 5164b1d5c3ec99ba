"""Which generation of the history somebody means: `12`, `12@2.483920175`, or a part of its hash.

Law: a number alone means what the cluster had under that number: the generation on the head's line,
and only where there is none another one. What is not clear is asked back, never guessed.
"""

from __future__ import annotations

import re
from enum import StrEnum

from lvsm.core import epochs
from lvsm.core.errors import LvsmError
from lvsm.core.generation import Generation
from lvsm.core.names import quoted
from lvsm.core.replication.history import History, Record, line, record

LEAST_OF_HASH = 8
FORMS = "12, 12@EPOCH as `lvsm config history` shows it, or the first 8 letters of its hash or more"

_PLACE = re.compile(r"([0-9]{1,15})(?:@([0-9.]{1,20}))?", re.ASCII)
_HASH = re.compile(rf"[0-9a-f]{{{LEAST_OF_HASH},64}}", re.ASCII)


class RecallError(LvsmError):
    """There is no such generation, or several: the code says which."""

    code = "unknown-generation"


class State(StrEnum):
    """What a generation of the history is to the cluster."""

    IN_USE = "in use"
    SAVED = "saved"
    UNCONFIRMED = "unconfirmed"
    CONFLICT = "conflict"


def known(history: History, head: Generation) -> dict[str, Record]:
    """The history with the head in it, which may be generation 0."""
    return {**history, head.hash: record(head, decided=True)}


def find(history: History, head: Generation, word: str) -> Record | None:
    """The generation that is meant; None for generation 0, the empty text before the first Save.

    Raises RecallError: `unknown-generation`, `ambiguous-generation`.
    """
    everything = known(history, head)
    place = _PLACE.fullmatch(word)
    if place is not None:
        number = int(place[1])
        epoch = None if place[2] is None else epochs.named(place[2])
        if number == 0 and place[2] is None:
            return None
        if place[2] is None or epoch is not None:
            return _placed(everything, head, number, epoch, word)
    if _HASH.fullmatch(word):
        return _only([r for key, r in everything.items() if key.startswith(word)], word)
    raise RecallError(f"{quoted(word)} names no generation: write {FORMS}")


def states(history: History, head: Generation, *, used: str) -> dict[str, State]:
    """What each generation is, by its hash; `used` is the hash of what this node uses.

    That is the head's parent while nobody confirmed the head in time and no majority can be asked.
    """
    everything = known(history, head)
    kept = set(line(everything, head.hash))
    found = {key: State.SAVED if key in kept else State.CONFLICT for key in everything}
    found[used] = State.IN_USE
    return found if head.confirm_by is None else {**found, head.hash: State.UNCONFIRMED}


def newest_first(history: History, head: Generation) -> list[Record]:
    """Every generation but generation 0."""
    found = (r for r in known(history, head).values() if r.order[1])
    return sorted(found, key=lambda r: r.order, reverse=True)


def _placed(
    everything: History, head: Generation, number: int, epoch: int | None, word: str
) -> Record:
    found = [r for r in everything.values() if r.order[1] == number and epoch in (None, r.order[0])]
    kept = set(line(everything, head.hash))
    return _only([r for r in found if r.hash in kept] or found, word, newest=head.number)


def _only(found: list[Record], word: str, newest: int | None = None) -> Record:
    if not found:
        until = "" if newest is None else f"; the newest is {newest}"
        raise RecallError(f"this node knows no generation {quoted(word)}{until}")
    if len(found) > 1:
        names = ", ".join(
            f"{r.order[1]}@{epochs.name(r.order[0])} ({r.hash[:LEAST_OF_HASH]})"
            for r in sorted(found, key=lambda r: r.order)
        )
        raise RecallError(
            f"there are {len(found)} generations {quoted(word)}: {names}; name one by that",
            code="ambiguous-generation",
        )
    return found[0]
