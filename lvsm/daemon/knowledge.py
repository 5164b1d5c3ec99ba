"""What this node knows at this moment, as the status document is made of it."""

from __future__ import annotations

from lvsm.core.facts import Facts
from lvsm.core.status import Known
from lvsm.daemon.health_keeping import fresh
from lvsm.daemon.ports import Clock
from lvsm.daemon.view import View


def known(view: View, clock: Clock, own: Facts) -> Known:
    """A snapshot; `own` are this node's facts."""
    now = clock.monotonic()
    return Known(
        me=view.me,
        members=view.members,
        generation=view.generation,
        configuration=view.configuration,
        group_of={name: group.id for group in view.groups.values() for name in group.vips},
        facts={**view.fresh(now), view.me: own},
        statuses=dict(view.statuses),
        overlay=view.overlay,
        health=view.health,
        fresh=fresh(view, now),
        held_for={group: now - since for group, since in view.since.items()},
        now=clock.now(),
        unconfirmed=view.unconfirmed,
    )
