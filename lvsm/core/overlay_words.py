"""The overlay's objects and values in the words of commands, answers and events.

Law: what is said here can be typed: a realserver is `NODE` or `NODE:PORT`, and each change comes
with the command that takes it back.
"""

from __future__ import annotations

from lvsm.core.events import OverlayChanged
from lvsm.core.overlay import Entry, Kind, Object, Overlay, Word

CONFIGURED = "configured"
"""What stands for the weight that the configuration gives."""


def realserver_text(node: str, port: int | None) -> str:
    """A realserver as commands write it."""
    return f"{node}:{port}" if port else node


def object_text(wanted: Object) -> str:
    """`rs2 in web`, `rs2 in all virtual services`, `dir1`."""
    if wanted.kind is Kind.STANDBY:
        return wanted.node
    name = realserver_text(wanted.node, wanted.port)
    return f"{name} in {wanted.vip}" if wanted.vip else f"{name} in all virtual services"


def value_text(kind: Kind, value: int | Word | None) -> str:
    """A value as an event says it."""
    if value is None:
        return {Kind.STATE: "enabled", Kind.WEIGHT: "as configured", Kind.STANDBY: "online"}[kind]
    return f"weight {value}" if isinstance(value, int) else str(value)


def command(wanted: Object, value: int | Word | None) -> str:
    """The command that says this of an object."""
    if wanted.kind is Kind.STANDBY:
        return f"lvsm node {'online' if value is None else 'standby'} {wanted.node}"
    name = realserver_text(wanted.node, wanted.port)
    place = f"{wanted.vip} {name}" if wanted.vip else f"--of {name}"
    if wanted.kind is Kind.WEIGHT:
        return f"lvsm rs weight {place} {CONFIGURED if value is None else value}"
    verb = {None: "enable", Word.DRAINING: "drain", Word.DISABLED: "disable"}
    return f"lvsm rs {verb[None if isinstance(value, int) else value]} {place}"


def changes_told(before: Overlay, after: Overlay) -> list[OverlayChanged]:
    """What became of each object of which another thing is said now."""
    return [
        _told(entry, before.get(wanted))
        for wanted, entry in sorted(after.entries.items())
        if _value(before.entries.get(wanted)) != entry.value
    ]


def _value(entry: Entry | None) -> int | Word | None:
    return entry.value if entry is not None else None


def _told(entry: Entry, before: Entry | None) -> OverlayChanged:
    kind = entry.object.kind
    return OverlayChanged(
        subject=object_text(entry.object),
        kind=kind.value,
        vip=entry.object.vip,
        member=entry.object.node,
        port=entry.object.port or None,
        was=value_text(kind, _value(before)),
        value=value_text(kind, entry.value),
        author=entry.author,
        reason=entry.reason,
        said_on=entry.version[2],
    )
