"""Which version of the Save protocol two nodes speak with each other, through a rolling upgrade.

Law: both speak the highest version that both know. Each names those that it knows in its greeting,
as `save-1`; a node that names none, or no common one, is as good as out of reach for Saves. So a
version may only be left out when no node of the cluster needs it any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lvsm.core.replication.messages import VERSION

SPOKEN = frozenset({VERSION})
_FEATURE = re.compile(r"save-([1-9][0-9]{0,5})", re.ASCII)


def features(spoken: Iterable[int] = SPOKEN) -> tuple[str, ...]:
    """The words of a greeting that name versions."""
    return tuple(f"save-{version}" for version in sorted(spoken))


def agreed(theirs: Iterable[str], spoken: Iterable[int] = SPOKEN) -> int | None:
    """The version to speak with a node whose greeting has these words; None for none."""
    named = {int(match[1]) for word in theirs if (match := _FEATURE.fullmatch(word))}
    return max(named & set(spoken), default=None)
