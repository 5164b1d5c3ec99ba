"""The verb CONFIG EDIT: one virtual service or realserver changed, without sending the whole text.

Law: an edit is made in the generation that this node uses, and is saved as one that was made from
there. If another Save comes first it is made once more in that one, but only where the virtual
service was left as it was; nobody's change is overwritten unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lvsm.core.edits.applying import apply, own, touched
from lvsm.core.edits.describing import describe
from lvsm.core.edits.forms import Edit, EditError, decode
from lvsm.core.errors import LvsmError
from lvsm.core.generation import Generation
from lvsm.core.handling import Reply
from lvsm.core.problems import Problem, most_telling, rendered
from lvsm.core.session_actions import Request
from lvsm.daemon import save_answers
from lvsm.daemon.checking import Checked
from lvsm.daemon.requests import Verb, Verbs, admins, literal, number, only_options, words
from lvsm.daemon.save_errors import ConflictError, InvalidError
from lvsm.daemon.saves import Saved
from lvsm.daemon.view import View

_NAME = "the changed configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text to save, and the generation that it was made from."""

    text: str
    base: Generation
    author: str
    comment: str


class EditVerbs:
    """Makes edits; saving is the replicator's."""

    def __init__(
        self,
        *,
        view: View,
        save: Callable[[Draft], Awaitable[Saved]],
        check: Callable[[str], Checked],
    ) -> None:
        """`save` raises what the replicator's does; `check` reads and validates a text."""
        self._view = view
        self._save = save
        self._check = check

    def table(self) -> Verbs:
        """The verb with its handler."""
        return {
            "CONFIG EDIT": Verb(
                self.config_edit,
                admins,
                "change one virtual service: CONFIG EDIT base=G comment=TEXT bytes=N",
                changes=True,
            )
        }

    async def config_edit(self, request: Request, reply: Reply) -> str:
        """Change, add or remove a virtual service or a realserver; people's text stays as it is.

        The literal is JSON: `{"edit":"rs-set","vip":"web","node":"rs1","values":{"weight":3}}`;
        edits are `vip-add`, `vip-set`, `vip-remove`, `rs-add`, `rs-set` and `rs-remove`. A value of
        `null` takes a key out. `base` is the generation that was looked at: if another one is in
        use by now, it is refused; without it, the edit is made in the present one. `comment` is
        kept in the history.
        """
        words(request, 0)
        only_options(request, "base", "comment")
        edit = decode(literal(request))
        self._refuse_other(number(request, "base"))
        comment = request.options.get("comment") or describe(edit)
        author = request.principal.name
        try:
            draft, saved = await self._saved(
                edit, author, comment, again="base" not in request.options
            )
        except _RefusedError as refused:
            told = most_telling(refused.problems)
            for problem, shown in zip(told, rendered(told, refused.text, _NAME), strict=True):
                reply.item({**problem.to_json(), "rendered": shown})
            raise EditError(refused.message, code="invalid") from refused
        document = self._document(edit, draft, saved)
        reply.item(document)
        return str(document["summary"])

    def _refuse_other(self, base: int | None) -> None:
        present = self._view.generation
        if base not in (None, present.number):
            raise ConflictError(
                f"generation {present.number}, saved by {present.author or 'nobody'}, is in use;"
                f" your change was made from generation {base}: look at `lvsm config show` and make"
                " it again"
            )

    async def _saved(
        self, edit: Edit, author: str, comment: str, *, again: bool
    ) -> tuple[Draft, Saved]:
        base = self._view.generation
        text = await asyncio.to_thread(apply, base.text, edit)
        draft = Draft(text=text, base=base, author=author, comment=comment)
        try:
            return draft, await self._save(draft)
        except ConflictError:
            now = self._view.generation
            if not again or now is base or own(now.text, edit) != own(base.text, edit):
                raise
            return await self._saved(edit, author, comment, again=False)
        except InvalidError as error:
            raise _RefusedError(error.message, draft.text, error.problems) from error

    def _document(self, edit: Edit, draft: Draft, saved: Saved) -> dict[str, object]:
        mine = touched(edit)
        told = [p for p in self._check(draft.text).problems if p.path[: len(mine)] == mine]
        answer = save_answers.document(
            saved,
            self._view.members,
            what=f"{describe(edit)}:",
            unchanged="nothing to change, so it is still",
        )
        return {**answer, "rendered": rendered(told, draft.text, _NAME)}


class _RefusedError(LvsmError):
    """The changed text breaks a rule: which, and that text."""

    code = "invalid"

    def __init__(self, message: str, text: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(message)
        self.text = text
        self.problems = problems
