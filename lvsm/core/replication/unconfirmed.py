"""Why what a node uses may not be what the cluster wants, in a sentence for people.

Law: it is empty only when a majority is within reach, knows of nothing newer, and nothing waits to
be confirmed. What is decided first is said first.
"""

from __future__ import annotations

from datetime import UTC, datetime

from lvsm.core.replication.confirming import Course
from lvsm.core.replication.serving import Serving


def unconfirmed(served: Serving, course: Course) -> str:
    """The sentence; empty when there is nothing to say."""
    head = served.generation
    match course:
        case Course.HOLD:
            when = datetime.fromtimestamp(head.confirm_by or 0.0, UTC)
            return (
                f"unconfirmed: generation {head.number} is rolled back at {when:%H:%M:%S} UTC"
                " unless somebody confirms it (`lvsm config confirm`)"
            )
        case Course.ROLL_BACK:
            return (
                f"unconfirmed: nobody confirmed generation {head.number} in time;"
                " it is being rolled back"
            )
        case Course.FALL_BACK:
            return (
                f"unconfirmed: nobody confirmed generation {head.number} in time, and to decide"
                f" that {_lack(served)}: what was there before it is used, and nothing can be saved"
            )
    return _standing(served)


def _standing(served: Serving) -> str:
    number = served.generation.number
    if served.behind:
        return f"unconfirmed: generation {number} is not the newest; that is being fetched"
    if served.missing:
        return (
            f"unconfirmed: generation {number} is the newest that this node knows, and"
            f" {_lack(served)} for a majority; nothing can be saved without force"
        )
    return ""


def _lack(served: Serving) -> str:
    return f"{served.missing} node{'s are' if served.missing != 1 else ' is'} missing"
