"""The overlay: what operators change while the cluster runs, beside the configuration's text.

One entry an object: the state or the weight of a realserver, or a node's standby. Law: an overlay
is a function from objects to entries, and merging takes for each object the entry of the greater
version. So merging is commutative, associative and idempotent: whoever has heard the same entries,
in any order and any number of times, has the same overlay, and no majority is asked. A removal is
an entry too (a tombstone), for else a node that was away would bring back what was removed. Who
sees an overlay of which the objects are not in the configuration passes over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Annotated, TypeAlias

import msgspec

from lvsm.core.errors import LvsmError, shortened
from lvsm.core.generation import Epoch, Number
from lvsm.core.operations import Value

MOST_LIVE = 10_000
"""Entries, tombstones aside, at which no object more is taken from an operator."""
MOST_HELD = 50_000
"""Entries at which nothing more is taken from another node."""
MOST_IN_MESSAGE = 2_000
"""Entries that one message between nodes carries."""
LONGEST_REASON = 200
HEAVIEST = 65_535
FILE_VERSION = 1

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Weight: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=HEAVIEST)]
Port: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Version: TypeAlias = tuple[Epoch, Number, Name]
"""(epoch of the configuration, counter, node): which of two entries is the later one."""


class BadOverlayError(LvsmError):
    """Bytes that are no overlay: a damaged file, or a peer of another kind."""

    code = "bad-overlay"


class OverlayFullError(LvsmError):
    """There are as many entries as there can be."""

    code = "overlay-full"


class Kind(StrEnum):
    """What of an object an entry is about."""

    STATE = "state"
    WEIGHT = "weight"
    STANDBY = "standby"


class Word(StrEnum):
    """What a state can be said to be, other than what the configuration says."""

    DRAINING = "draining"
    DISABLED = "disabled"
    STANDBY = "standby"


FITTING: Mapping[Kind, frozenset[Word]] = {
    Kind.STATE: frozenset({Word.DRAINING, Word.DISABLED}),
    Kind.WEIGHT: frozenset(),
    Kind.STANDBY: frozenset({Word.STANDBY}),
}
"""The words that an entry of each kind can have."""


class Object(Value, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """What an entry is about.

    A realserver is a `node` of a `vip`, with a `port` where the node is there more than once. An
    empty `vip` means all virtual services of the node, port 0 all its ports.
    """

    kind: Kind
    node: Name
    vip: Annotated[str, msgspec.Meta(max_length=64)] = ""
    port: Port = 0

    def __post_init__(self) -> None:
        """Raise ValueError for what can be no object."""
        if self.kind is Kind.WEIGHT and not self.vip:
            raise ValueError("a weight belongs to a virtual service")
        if (self.kind is Kind.STANDBY and self.vip) or (self.port and not self.vip):
            raise ValueError("that is more than names the object")


class Entry(Value, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False):
    """What was said of an object last, by whom, why and when (`at`: seconds since 1970, UTC).

    `value` is a word, or a weight, or None for a tombstone: it is again as the configuration says.
    Fields that a later version adds are passed over; what they add to an `object` is not, since
    it may then be another one.
    """

    object: Object
    value: Weight | Word | None
    author: Annotated[str, msgspec.Meta(max_length=128)]
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] = ""
    at: float
    version: Version

    def __post_init__(self) -> None:
        """Raise ValueError for a value that the object cannot have."""
        if isinstance(self.value, Word):
            fits = self.value in FITTING[self.object.kind]
        else:
            fits = self.value is None or self.object.kind is Kind.WEIGHT
        if not fits:
            raise ValueError(f"{self.object.kind} cannot be {self.value}")

    @property
    def is_live(self) -> bool:
        """Whether it says something other than the configuration does."""
        return self.value is not None


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """Entries by their objects; never changed in place."""

    entries: Mapping[Object, Entry] = field(default_factory=dict)

    def get(self, wanted: Object) -> Entry | None:
        """The live entry of an object."""
        entry = self.entries.get(wanted)
        return entry if entry is not None and entry.is_live else None

    def live(self) -> Iterator[Entry]:
        """All entries but the tombstones, by their objects' order."""
        return (entry for _, entry in sorted(self.entries.items()) if entry.is_live)

    @cached_property
    def digest(self) -> str:
        """The same for two overlays that say the same, whatever tombstones they have."""
        said = [(entry.object, entry.version, entry.value) for entry in self.live()]
        return sha256(msgspec.json.encode(said)).hexdigest()[:32]

    @cached_property
    def count(self) -> int:
        """How many entries are live."""
        return sum(entry.is_live for entry in self.entries.values())


NOTHING = Overlay()


def merge(overlay: Overlay, entries: Iterable[Entry]) -> Overlay:
    """With other entries merged in; the same object when there was nothing new.

    Raises OverlayFullError beyond MOST_HELD entries, and then nothing is taken.
    """
    merged = dict(overlay.entries)
    changed = False
    for entry in entries:
        present = merged.get(entry.object)
        if present is None or _rank(entry) > _rank(present):
            merged[entry.object] = entry
            changed = True
    if len(merged) > MOST_HELD:
        raise OverlayFullError(f"{len(merged)} entries are over the limit of {MOST_HELD}")
    return Overlay(entries=merged) if changed else overlay


def _rank(entry: Entry) -> tuple[Version, bytes]:
    """Two entries of one version (a node that lost its disk counts anew) rank by their content."""
    return entry.version, msgspec.json.encode(entry, order="sorted")


def say(
    overlay: Overlay,
    wanted: Object,
    value: int | Word | None,
    *,
    author: str,
    reason: str,
    at: float,
    epoch: int,
    node: str,
) -> Overlay:
    """With something said of an object, later than all that was said before.

    `epoch` is that of the configuration in use, `node` the one where it is said. Raises
    OverlayFullError.
    """
    if value is not None and overlay.get(wanted) is None and overlay.count >= MOST_LIVE:
        raise OverlayFullError(
            f"there are {overlay.count} weights, drains and standbys already: enable or reset some,"
            " or write them into the configuration"
        )
    entry = Entry(
        object=wanted,
        value=value,
        author=author[:128],
        reason=reason,
        at=at,
        version=_next(overlay, epoch, node),
    )
    return Overlay(entries={**overlay.entries, wanted: entry})


def _next(overlay: Overlay, epoch: int, node: str) -> Version:
    versions = [entry.version for entry in overlay.entries.values()]
    highest = max((version[0] for version in versions), default=epoch)
    return max(epoch, highest), 1 + max((version[1] for version in versions), default=0), node


def without_tombstones(overlay: Overlay, *, before: float) -> Overlay:
    """Without the tombstones from before a moment (seconds since 1970).

    Safe when every node has said since then that its overlay's digest is this one's: then none has
    an entry that a tombstone would have to undo.
    """
    kept = {o: e for o, e in overlay.entries.items() if e.is_live or e.at >= before}
    return overlay if len(kept) == len(overlay.entries) else Overlay(entries=kept)


class _File(Value, frozen=True, kw_only=True):
    version: int
    entries: tuple[Entry, ...]


def render(overlay: Overlay) -> bytes:
    """The overlay's file."""
    entries = tuple(entry for _, entry in sorted(overlay.entries.items()))
    return msgspec.json.encode(_File(version=FILE_VERSION, entries=entries))


def parse(data: bytes) -> Overlay:
    """Read a file; raises BadOverlayError with the place of the first mistake."""
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadOverlayError(f"no overlay: {shortened(error)}") from error
    if file.version != FILE_VERSION:
        raise BadOverlayError(f"version {file.version} of the file, not {FILE_VERSION}")
    return merge(NOTHING, file.entries)


def messages(overlay: Overlay) -> list[bytes]:
    """All that the overlay says, tombstones too, as messages for another node."""
    entries: Sequence[Entry] = [entry for _, entry in sorted(overlay.entries.items())]
    return [
        msgspec.json.encode(entries[start : start + MOST_IN_MESSAGE])
        for start in range(0, len(entries), MOST_IN_MESSAGE)
    ]


def entries_in(message: bytes) -> list[Entry]:
    """What another node's message says, without entries of kinds that a later version added.

    Raises BadOverlayError for what is no message, and where no entry of it can be read.
    """
    try:
        told = msgspec.json.decode(message, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadOverlayError(f"no part of an overlay: {shortened(error)}") from error
    if len(told) > MOST_IN_MESSAGE:
        raise BadOverlayError(f"{len(told)} entries in one message, {MOST_IN_MESSAGE} at most")
    read = [_entry(raw) for raw in told]
    found = [entry for entry in read if isinstance(entry, Entry)]
    if told and not found:
        raise BadOverlayError(f"no part of an overlay: {read[0]}")
    return found


def _entry(raw: msgspec.Raw) -> Entry | str:
    """An entry, or why it cannot be read."""
    try:
        return msgspec.json.decode(raw, type=Entry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return shortened(error)
