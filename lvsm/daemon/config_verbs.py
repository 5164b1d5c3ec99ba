"""The verbs of the configuration: CONFIG CHECK, SAVE, ROLLBACK and CONFIRM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.problems import Problem, most_telling, rendered
from lvsm.core.session_actions import Request
from lvsm.daemon import save_answers
from lvsm.daemon.checking_apart import CheckingApart, Verdict
from lvsm.daemon.recaller import Recaller
from lvsm.daemon.requests import (
    Verb,
    Verbs,
    admins,
    literal,
    number,
    only_options,
    readers,
    text,
    words,
)
from lvsm.daemon.save_errors import InvalidError
from lvsm.daemon.saver import Saver
from lvsm.daemon.saves import Saved
from lvsm.daemon.view import View


class RefusedTextError(LvsmError):
    """An older text breaks a rule of today; its mistakes are told beside."""

    code = "invalid"


class ConfigVerbs:
    """Checks and saves texts."""

    def __init__(
        self,
        *,
        view: View,
        saver: Saver,
        recaller: Recaller,
        checking: CheckingApart,
    ) -> None:
        """`checking` reads and validates texts, however large, without holding others up.

        `recaller` gives older texts.
        """
        self._view = view
        self._saver = saver
        self._recaller = recaller
        self._checking = checking

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "CONFIG CHECK": Verb(
                self.config_check, readers, "hold a text against all rules: CONFIG CHECK bytes=N"
            ),
            "CONFIG SAVE": Verb(
                self.config_save,
                admins,
                "save a text: CONFIG SAVE base=G comment=TEXT force=no confirm=SECONDS bytes=N",
                changes=True,
            ),
            "CONFIG ROLLBACK": Verb(
                self.config_rollback,
                admins,
                "save an older text again: CONFIG ROLLBACK GENERATION base=G comment=TEXT",
                changes=True,
            ),
            "CONFIG CONFIRM": Verb(
                self.config_confirm,
                admins,
                "have what was saved with `confirm` hold for good: CONFIG CONFIRM generation=G",
                changes=True,
            ),
        }

    async def config_check(self, request: Request, reply: Reply) -> str:
        """Hold a text against every rule and save nothing; `name` is what messages call it."""
        verdict = await self._checking.judge(literal(request), _name(request))
        reply.item(check_document(verdict, request))
        return "checked"

    async def config_save(self, request: Request, reply: Reply) -> str:
        """Make a text the next generation.

        `base` is the generation from which it was made: if another one is in use by now, it is
        refused; `epoch` is that generation's, for the case that two have one number. With `force`
        the nodes within reach do. With `confirm`, somebody has to use CONFIG CONFIRM within so many
        seconds, or it is rolled back on every node. `comment` is kept in the history, `name` is
        what messages call the text, and `request` is an id that a client draws: whoever lost the
        connection asks again with the same one, and hears what became of it.
        """
        wanted = text(request)
        checked = await self._checking.check(wanted)
        saved = await self._saver.save(save_answers.asked(request, wanted))
        remarks = _rendered(checked.problems, request)
        return self._answer(reply, saved, what=_name(request), remarks=remarks)

    async def config_rollback(self, request: Request, reply: Reply) -> str:
        """Save the text of an older generation again, as a new one; the word is as in CONFIG SHOW.

        The options `base`, `epoch`, `comment`, `force`, `confirm` and `request` are those of CONFIG
        SAVE; without `base` it is made from the present generation.
        """
        (word,) = words(request, 1)
        generation = await self._recaller.recall(word)
        comment = f"roll-back to generation {generation.number}"
        wanted = save_answers.asked(request, generation.text, comment=comment)
        await self._checking.check(generation.text)
        try:
            saved = await self._saver.save(wanted)
        except InvalidError as error:
            told = most_telling(error.problems)
            texts = rendered(told, generation.text, f"generation {generation.number}")
            for document in _documents(told, texts):
                reply.item(document)
            raise RefusedTextError(error.message) from error
        return self._answer(reply, saved, what=comment)

    async def config_confirm(self, request: Request, reply: Reply) -> str:
        """Confirm the generation that waits for it, which makes it a new generation.

        `generation` says which one was looked at: if another one is in use by now, it is refused.
        `request` is as in CONFIG SAVE.
        """
        words(request, 0)
        only_options(request, "generation", "request")
        saved = await self._saver.confirm(
            author=request.principal.name,
            number=number(request, "generation"),
            request=request.options.get("request", ""),
        )
        return self._answer(reply, saved, what="confirmed:")

    def _answer(self, reply: Reply, saved: Saved, *, what: str, remarks: Sequence[str] = ()) -> str:
        """Tell what became of a Save: `what` begins the sentence, `remarks` are on its text."""
        told = save_answers.document(saved, self._view.members, what=what)
        reply.item({**told, "rendered": list(remarks)})
        return str(told["summary"])


def check_document(verdict: Verdict, request: Request) -> dict[str, object]:
    """What became of a text, as the answer to CONFIG CHECK says it."""
    count = verdict.errors
    valid = "it could be saved" if not count else f"{count} to mend before it can be saved"
    return {
        "valid": not count,
        "problems": _documents(verdict.problems, verdict.rendered),
        "rendered": verdict.rendered,
        "summary": f"{_name(request)}: {valid}",
    }


def problem_documents(problems: tuple[Problem, ...], request: Request) -> list[dict[str, object]]:
    """The most telling problems as documents, each with its text for people."""
    told = most_telling(problems)
    return _documents(told, _rendered(told, request))


def _documents(problems: Iterable[Problem], texts: Iterable[str]) -> list[dict[str, object]]:
    return [{**p.to_json(), "rendered": text} for p, text in zip(problems, texts, strict=True)]


def _rendered(problems: tuple[Problem, ...], request: Request) -> list[str]:
    text = (request.literal or b"").decode("utf-8", "replace")
    return rendered(most_telling(problems), text, _name(request))


def _name(request: Request) -> str:
    return request.options.get("name", "configuration")
