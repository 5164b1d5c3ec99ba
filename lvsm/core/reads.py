"""Which verbs may be asked twice: they only look, or make something of which two do no harm.

Law: what is not here counts as a change, also a verb that this version does not know.
"""

from __future__ import annotations

from lvsm.core import messages
from lvsm.core.messages import BadRequestError

READS = frozenset(
    {
        "AUDIT FOLLOW",
        "AUDIT SHOW",
        "CERT SHOW",
        "CONFIG CHECK",
        "CONFIG PLAN",
        "CONFIG DIFF",
        "CONFIG HISTORY",
        "CONFIG SHOW",
        "HELP",
        "NODE LIST",
        "NODE SHOW",
        "NOOP",
        "RS LIST",
        "SESSION NEW",
        "STATUS",
        "USER LIST",
        "VIP LIST",
        "VIP SHOW",
        "WATCH",
    }
)


def is_read(head: str) -> bool:
    """Whether a request that begins like this only looks; `head` may go on behind the verb."""
    try:
        return messages.parse(head, READS).known
    except BadRequestError:
        return False
