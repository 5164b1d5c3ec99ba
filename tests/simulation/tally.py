"""Which states the histories reached, and which ones they have to reach.

A simulation that never cuts the power between a file and the state that names it proves nothing
about that, so every kind of state is counted, printed, and asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product

Key = tuple[str, str]
Tally = Counter[Key]

PREPARE, ACCEPT, LEARN, DELIVER = "Prepare", "Accept", "Learn", "Deliver"

BEFORE_FILE = "before the file"
IN_FILE = "in the file"
AFTER_FILE = "after the file"
BEFORE_STATE = "before the state"
IN_STATE = "in the state"
AFTER_STATE = "after the state, before the reply"
BEFORE_SEND = "before it is sent"
BEFORE_END = "before the admin is told"

CRASHED = "power cut"
ROUND = "between rounds"
NETWORK = "network"
SAVED = "asked for"
ENDED = "ended"
REPLIED = "replied"
RECOVERED = "recovered"
EPOCHS = "epochs"
HISTORY = "history"


def _crashes() -> Iterable[str]:
    states = product((BEFORE_STATE, IN_STATE, AFTER_STATE), (PREPARE, ACCEPT, LEARN, DELIVER))
    files = product((BEFORE_FILE, IN_FILE, AFTER_FILE), (ACCEPT, LEARN, DELIVER))
    sends = product((BEFORE_SEND,), (PREPARE, ACCEPT, LEARN))
    yield from (f"{kind}: {point}" for point, kind in (*files, *states, *sends))
    yield BEFORE_END
    yield "while idle"


EXPECTED: dict[str, tuple[str, ...]] = {
    CRASHED: tuple(_crashes()),
    NETWORK: ("arrived", "lost", "repeated", "overtook", "cut off", "nobody there"),
    SAVED: (
        "normal",
        "two at once",
        "from an old base",
        "forced",
        "to be confirmed",
        "confirmation",
        "roll-back",
        "the same once more",
        "to finish what was begun",
        "voters removed",
        "voters added",
    ),
    ENDED: (
        "Committed",
        "Committed, forced",
        "Conflict",
        "Conflict, after it was sent out",
        "Short",
        "Short, unsure",
        "Busy",
        "Busy, unsure",
        "Nothing",
    ),
    REPLIED: (
        "Promise",
        "Promise with a vote",
        "Accepted",
        "Outbid",
        "Superseded",
        "Behind",
        "Disqualified",
        "Stranger",
        "Want",
    ),
    RECOVERED: (
        "with the last write",
        "without the last write",
        "with a vote to finish",
        "somebody else's Save was finished",
        "a disk was lost",
        "a machine joined",
        "missed generations were delivered",
    ),
    EPOCHS: ("1", "2", "3", "4 and later", "two sides forced at once"),
    HISTORY: (
        "one line",
        "displaced",
        "doubtful",
        "confirmed",
        "rolled back",
        "a lost disk was admitted again",
        "the newest is confirmed to a node",
        "the newest is unconfirmed",
    ),
}
"""Of each kind of state, those that a simulation has to have reached."""


def missing(tally: Tally) -> tuple[Key, ...]:
    """What was never reached."""
    wanted = ((kind, state) for kind, states in EXPECTED.items() for state in states)
    return tuple(key for key in wanted if not tally[key])


def printed(tally: Tally) -> str:
    """The tally as a table, for people."""
    lines = []
    for kind in sorted({kind for kind, _ in tally}):
        lines.append(f"{kind}:")
        those = sorted((state, n) for (k, state), n in tally.items() if k == kind)
        width = max(len(state) for state, _ in those)
        lines += [f"  {state:{width}} {n:>11,}" for state, n in those]
    return "\n".join(lines)
