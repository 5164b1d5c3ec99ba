"""What the overlay makes of the configuration: each realserver's weight and state, each standby.

Law: of what is said about a realserver, alone or with all its virtual services, the state that
takes more away holds, and the weight that was given more precisely. What is said of objects that
the configuration does not have changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lvsm.core.model import Configuration, Realserver
from lvsm.core.overlay import Entry, Kind, Object, Overlay, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A realserver as it is to be: its weight, its state, and the entries that made it so.

    `state` is None when the configuration alone decides; `cause` is the entry behind the state,
    `weighed` the one behind the weight.
    """

    weight: int
    state: Word | None = None
    cause: Entry | None = None
    weighed: Entry | None = None

    @property
    def in_table(self) -> bool:
        """Whether directors have it in their tables at all."""
        return self.state is not Word.DISABLED


def adjusted(overlay: Overlay, vip: str, realserver: Realserver) -> Adjusted:
    """What the overlay makes of one realserver of a virtual service."""
    if not overlay.count:
        return Adjusted(weight=realserver.weight)
    cause = _strongest(overlay, vip, realserver)
    weighed = _weight(overlay, vip, realserver)
    given = weighed.value if weighed is not None else None
    weight = given if isinstance(given, int) else realserver.weight
    state = cause.value if cause is not None and isinstance(cause.value, Word) else None
    return Adjusted(
        weight=0 if state is not None else weight, state=state, cause=cause, weighed=weighed
    )


def _strongest(overlay: Overlay, vip: str, realserver: Realserver) -> Entry | None:
    found = [
        entry for wanted in states_of(vip, realserver) if (entry := overlay.get(wanted)) is not None
    ]
    disabling = [entry for entry in found if entry.value is Word.DISABLED]
    return next(iter(disabling or found), None)


def states_of(vip: str, realserver: Realserver) -> tuple[Object, ...]:
    """The objects that a realserver's state follows from, the most precise one first."""
    node, port = realserver.node, realserver.port or 0
    exact = (Object(kind=Kind.STATE, node=node, vip=vip, port=port),) if port else ()
    return (
        *exact,
        Object(kind=Kind.STATE, node=node, vip=vip),
        Object(kind=Kind.STATE, node=node),
    )


def _weight(overlay: Overlay, vip: str, realserver: Realserver) -> Entry | None:
    node, port = realserver.node, realserver.port
    exact = overlay.get(Object(kind=Kind.WEIGHT, node=node, vip=vip, port=port)) if port else None
    return exact or overlay.get(Object(kind=Kind.WEIGHT, node=node, vip=vip))


def standby(overlay: Overlay, node: str) -> Entry | None:
    """Why a node is on standby; None when it is not."""
    return overlay.get(Object(kind=Kind.STANDBY, node=node))


def cause(entry: Entry, what: str | None = None) -> str:
    """An entry as a reason: `draining, by admin: kernel update`."""
    words = what or str(entry.value)
    return f"{words}, by {entry.author}" + (f": {entry.reason}" if entry.reason else "")


def unseen(overlay: Overlay, configuration: Configuration, members: frozenset[str]) -> set[Object]:
    """The objects of live entries that neither the configuration nor the cluster has any more."""
    known = set(_objects(configuration)) if overlay.count else set()
    nodes = members | {realserver.node for _, realserver in configuration.realservers()}
    return {
        entry.object
        for entry in overlay.live()
        if not (
            entry.object.node in nodes
            if not entry.object.vip
            else (entry.object.vip, entry.object.node, entry.object.port) in known
        )
    }


def _objects(configuration: Configuration) -> Iterator[tuple[str, str, int]]:
    for vip, realserver in configuration.realservers():
        yield vip.name, realserver.node, 0
        if realserver.port:
            yield vip.name, realserver.node, realserver.port
