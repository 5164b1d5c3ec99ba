"""Pending changes: what somebody has changed in their browser and not saved yet. Pure.

Law: a draft is the generation that it was made from and a list of edits; its text is always these
edits made in that generation's text, so that one of them can be taken out, and all can be made
again in a newer generation when somebody else has saved meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lvsm.client.configuration import Edit, EditError, apply, describe, difference, own

MOST_CHANGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A saved generation: its number, its text, and who saved it."""

    number: int
    text: str
    author: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one form did."""

    edits: tuple[Edit, ...]

    @property
    def vip(self) -> str:
        """The virtual service that it changes."""
        return self.edits[0].vip

    @property
    def words(self) -> tuple[str, ...]:
        """Each edit in a few words."""
        return tuple(describe(edit) for edit in self.edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Changes that are not saved."""

    base: Base
    changes: tuple[Change, ...] = ()
    text: str = ""

    @classmethod
    def of(cls, base: Base, changes: Iterable[Change] = ()) -> Draft:
        """Changes made in a generation; raises EditError."""
        changes = tuple(changes)
        return cls(base=base, changes=changes, text=_made(base.text, changes))

    def with_change(self, change: Change) -> Draft:
        """One change more; raises EditError."""
        if len(self.changes) >= MOST_CHANGES:
            raise EditError(f"save first: there are {MOST_CHANGES} changes", code="too-many")
        text = _made(self.text, (change,))
        return replace(self, changes=(*self.changes, change), text=text)

    def without(self, index: int) -> Draft:
        """One change less; raises EditError when a later one was made on top of it."""
        rest = (*self.changes[:index], *self.changes[index + 1 :])
        return Draft.of(self.base, rest)

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return self.text != self.base.text

    def lines(self, *, most: int = 2_000) -> list[str]:
        """The difference to what is saved."""
        names = (f"generation {self.base.number}", "with your changes")
        return difference(self.base.text, self.text, names=names)[:most]

    def touched_by(self, newer: Base) -> tuple[str, ...]:
        """Virtual services of these changes that another Save has changed too."""
        edits = {change.vip: change.edits[0] for change in self.changes}
        return tuple(
            vip for vip, edit in edits.items() if own(self.base.text, edit) != own(newer.text, edit)
        )


def _made(text: str, changes: Iterable[Change]) -> str:
    for change in changes:
        for edit in change.edits:
            text = apply(text, edit)
    return text
