"""What an admin wants saved, and the generation that it would become.

Law: a wish names the generation that it was made from, and becomes that generation's successor or
nothing. Whether a generation is a wish come true is told by the wish's id, its text and its users,
so that a client which asks again after a broken connection gets the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lvsm.core.generation import Epoch, Generation, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One Save as it was asked for.

    `request` is an id that the client draws, `base` the place of the generation that the text was
    made from, `voters` who decides afterwards (`joining.voters`). `forced` is an admin's word that
    the nodes within reach shall do. `saved_at` and `confirm_by` are seconds since 1970 (UTC).
    `users` is as in `Generation`.
    """

    request: str
    base: Order
    text: str
    author: str
    node: str
    saved_at: float
    voters: Mapping[str, str]
    comment: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forced: bool = False
    confirm_by: float | None = None
    users: str = ""

    def came_true(self, generation: Generation) -> bool:
        """Whether that generation is what this wish became."""
        became = generation.request, generation.text, generation.users
        return became == (self.request, self.text, self.users)

    def after(self, head: Generation, *, epoch: Epoch) -> Generation:
        """What the wish becomes as the successor of `head`; `epoch` is what a forced one begins."""
        return Generation(
            number=head.number + 1,
            epoch=epoch if self.forced else head.epoch,
            text=self.text,
            author=self.author,
            node=self.node,
            comment=self.comment,
            saved_at=self.saved_at,
            parent=head.hash,
            groups=dict(self.groups),
            request=self.request,
            voters=dict(self.voters),
            confirm_by=self.confirm_by,
            users=self.users,
        )
