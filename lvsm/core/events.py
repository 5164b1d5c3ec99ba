"""What a node did and saw, as data: told to whoever watches, in words that stay.

Law: `code` is stable and so are the names of the fields; `text` is for people and may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

TOPICS: Mapping[str, str] = {
    "status": "the whole state, whenever something in it changed",
    "health": "a realserver's state changed",
    "config": "another generation is in use",
    "events": "what the node did and saw",
}
"""What can be watched, each with its line of help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Root of what can happen; each has its code, its topic and its sentence."""

    code: ClassVar[str]
    topic: ClassVar[str] = "events"
    sentence: ClassVar[str]

    def document(self) -> dict[str, Any]:
        """The event as a document, its fields beside its code and text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"event": self.code, **values, "text": self.text()}

    def text(self) -> str:
        """A sentence for people."""
        return self.sentence.format(**{f.name: getattr(self, f.name) for f in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTaken(Happening):
    """This node holds a group from now on."""

    code = "group-taken"
    sentence = "took {group}: {reason}"
    group: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOffered(Happening):
    """This node hands a group over: it serves on until another node has it."""

    code = "group-offered"
    sentence = "offers {group}: {reason}"
    group: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupKept(Happening):
    """Nobody took what was offered, so it stays here."""

    code = "group-kept"
    sentence = "keeps {group}: {reason}"
    group: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReleased(Happening):
    """This node does not hold a group any more."""

    code = "group-released"
    sentence = "released {group}: {reason}"
    group: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanged(Happening):
    """Heartbeat says something else of a node than before; the words are heartbeat's."""

    code = "member-changed"
    sentence = "heartbeat calls {member} {status}"
    member: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatChanged(Happening):
    """This node's heartbeat began or ended: `state` is `runs`, `leaving`, `back` or `gone`."""

    code = "heartbeat-changed"
    sentence = "heartbeat here: {state}"
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSaved(Happening):
    """Somebody saved a configuration on this node."""

    code = "generation-saved"
    sentence = "generation {generation} saved by {author}"
    generation: int
    epoch: int
    author: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationTaken(Happening):
    """A generation that was saved on another node is in use here."""

    code = "generation-taken"
    sentence = "generation {generation} taken, saved by {author} on {saved_on}"
    generation: int
    epoch: int
    author: str
    comment: str
    saved_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemAppeared(Happening):
    """Something is wrong on this node that was not before."""

    code = "problem-appeared"
    sentence = "wrong: {problem}"
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemVanished(Happening):
    """Something that was wrong on this node is not any more."""

    code = "problem-vanished"
    sentence = "not any more: {problem}"
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRepaired(Happening):
    """Somebody else changed what LVSM has in this node's kernel, and plvsd put it back.

    `found` says what it was, the first things of `count` in all.
    """

    code = "drift-repaired"
    sentence = "put back: {found}"
    found: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRenewed(Happening):
    """New connections to this node see another certificate."""

    code = "certificate-renewed"
    sentence = "new certificate {fingerprint}: {reason}"
    fingerprint: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayChanged(Happening):
    """An operator drained, weighed, disabled or enabled something; `kind` is what it is about.

    `vip` is empty for all virtual services of the node `member`, and for its standby.
    """

    code = "overlay-changed"
    sentence = "{subject}: {was} -> {value}, by {author} on {said_on}"
    subject: str
    kind: str
    vip: str
    member: str
    port: int | None
    was: str
    value: str
    author: str
    reason: str
    said_on: str

    def text(self) -> str:
        """A sentence for people."""
        reason = f": {self.reason}" if self.reason else ""
        what = f"{self.subject}: {self.was} -> {self.value}"
        return f"{what}, by {self.author} on {self.said_on}{reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RealserverChanged(Happening):
    """A realserver of a virtual service is in another state; None where it is not there."""

    code = "realserver"
    topic = "health"
    sentence = "{realserver} in {vip}: {was} -> {state} {reason}"
    vip: str
    realserver: str
    port: int | None
    was: str | None
    state: str | None
    reason: str

    def text(self) -> str:
        """A sentence for people."""
        was, state = self.was or "not there", self.state or "removed"
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.realserver} in {self.vip}: {was} -> {state}{reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationUsed(Happening):
    """Another generation is in use on this node, however it came here."""

    code = "generation"
    topic = "config"
    sentence = "generation {generation}, saved by {author} on {saved_on}"
    generation: int
    epoch: int
    hash: str
    author: str
    saved_on: str
    comment: str
    saved_at: float


ALL: tuple[type[Happening], ...] = (
    GroupTaken,
    GroupOffered,
    GroupKept,
    GroupReleased,
    MemberChanged,
    HeartbeatChanged,
    GenerationSaved,
    GenerationTaken,
    ProblemAppeared,
    ProblemVanished,
    DriftRepaired,
    CertificateRenewed,
    OverlayChanged,
    RealserverChanged,
    GenerationUsed,
)
"""Everything that can happen, for the documentation."""
