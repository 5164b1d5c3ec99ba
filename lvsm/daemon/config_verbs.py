"""The verbs of the configuration: CONFIG SHOW, CHECK, SAVE and CONFIRM."""

from __future__ import annotations

from collections.abc import Iterable

from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.problems import Problem, most_telling, rendered
from lvsm.core.session_actions import Request
from lvsm.daemon.checking_apart import CheckingApart, Verdict
from lvsm.daemon.replicator import Replicator
from lvsm.daemon.requests import (
    Verb,
    Verbs,
    admins,
    literal,
    number,
    only_options,
    readers,
    switch,
    text,
    words,
)
from lvsm.daemon.saves import Asked
from lvsm.daemon.view import View

LEAST_CONFIRM_SECONDS = 5
MOST_CONFIRM_SECONDS = 86_400
"""The shortest and longest time that somebody may have to confirm a Save."""


class ConfigVerbs:
    """Shows and checks texts; saving is the replicator's."""

    def __init__(self, *, view: View, replicator: Replicator, checking: CheckingApart) -> None:
        """`checking` reads and validates texts, however large, without holding others up."""
        self._view = view
        self._replicator = replicator
        self._checking = checking

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "CONFIG SHOW": Verb(self.config_show, readers, "the configuration as saved last"),
            "CONFIG CHECK": Verb(
                self.config_check, readers, "hold a text against all rules: CONFIG CHECK bytes=N"
            ),
            "CONFIG SAVE": Verb(
                self.config_save,
                admins,
                "save a text: CONFIG SAVE base=G comment=TEXT force=no confirm=SECONDS bytes=N",
                changes=True,
            ),
            "CONFIG CONFIRM": Verb(
                self.config_confirm,
                admins,
                "have what was saved with `confirm` hold for good: CONFIG CONFIRM generation=G",
                changes=True,
            ),
        }

    async def config_show(self, request: Request, reply: Reply) -> str:
        """The present generation with its text."""
        words(request, 0)
        generation = self._view.generation
        reply.item(
            {
                "generation": generation.number,
                "epoch": generation.epoch,
                "author": generation.author,
                "node": generation.node,
                "comment": generation.comment,
                "saved_at": generation.saved_at,
                "confirm_by": generation.confirm_by,
                "unconfirmed": self._view.unconfirmed,
                "text": generation.text,
            }
        )
        return f"generation {generation.number}"

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
        saved = await self._replicator.save(
            Asked(
                text=wanted,
                author=request.principal.name,
                base=number(request, "base"),
                epoch=number(request, "epoch"),
                comment=request.options.get("comment", ""),
                forced=switch(request, "force"),
                request=request.options.get("request", ""),
                confirm=_seconds(request),
            )
        )
        have = sorted(saved.nodes)
        what = "saved as" if saved.changed else "is already"
        summary = (
            f"{_name(request)} {what} generation {saved.generation.number};"
            f" {len(have)} of {len(self._view.members)} nodes have it"
        )
        reply.item(
            {
                "generation": saved.generation.number,
                "changed": saved.changed,
                "nodes": have,
                "confirm_by": saved.generation.confirm_by,
                "rendered": _rendered(checked.problems, request),
                "summary": summary,
            }
        )
        return summary

    async def config_confirm(self, request: Request, reply: Reply) -> str:
        """Confirm the generation that waits for it, which makes it a new generation.

        `generation` says which one was looked at: if another one is in use by now, it is refused.
        `request` is as in CONFIG SAVE.
        """
        words(request, 0)
        only_options(request, "generation", "request")
        saved = await self._replicator.confirm(
            author=request.principal.name,
            number=number(request, "generation"),
            request=request.options.get("request", ""),
        )
        have = sorted(saved.nodes)
        summary = f"confirmed: it is generation {saved.generation.number} now"
        reply.item(
            {
                "generation": saved.generation.number,
                "changed": saved.changed,
                "nodes": have,
                "summary": summary,
            }
        )
        return summary


def _seconds(request: Request) -> int | None:
    """In how many seconds a Save has to be confirmed; raises BadRequestError."""
    seconds = number(request, "confirm")
    if seconds is not None and not LEAST_CONFIRM_SECONDS <= seconds <= MOST_CONFIRM_SECONDS:
        raise BadRequestError(
            f"confirm={seconds} is not from {LEAST_CONFIRM_SECONDS} to {MOST_CONFIRM_SECONDS}"
            " seconds"
        )
    return seconds


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
