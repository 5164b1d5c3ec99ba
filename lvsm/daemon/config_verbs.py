"""The verbs of the configuration: CONFIG SHOW, CHECK, SAVE and CONFIRM."""

from __future__ import annotations

from collections.abc import Callable

from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.problems import Problem, render
from lvsm.core.session_actions import Request
from lvsm.daemon.checking import Checked
from lvsm.daemon.replicator import Replicator
from lvsm.daemon.requests import (
    Verb,
    Verbs,
    admins,
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

    def __init__(
        self, *, view: View, replicator: Replicator, check: Callable[[str], Checked]
    ) -> None:
        """`check` reads and validates a text."""
        self._view = view
        self._replicator = replicator
        self._check = check

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
        reply.item(check_document(self._check(text(request)), request))
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
                "rendered": _rendered(self._check(wanted), request),
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


def check_document(checked: Checked, request: Request) -> dict[str, object]:
    """What became of a text, as the answer to CONFIG CHECK says it."""
    count = len(checked.errors)
    valid = "it could be saved" if not count else f"{count} to mend before it can be saved"
    return {
        "valid": not count,
        "problems": [problem_document(problem, request) for problem in checked.problems],
        "rendered": _rendered(checked, request),
        "summary": f"{_name(request)}: {valid}",
    }


def problem_document(problem: Problem, request: Request) -> dict[str, object]:
    """A problem as a document, with its text for people."""
    text = (request.literal or b"").decode("utf-8", "replace")
    return {**problem.to_json(), "rendered": render(problem, text, _name(request))}


def _rendered(checked: Checked, request: Request) -> list[str]:
    text = (request.literal or b"").decode("utf-8", "replace")
    return [render(problem, text, _name(request)) for problem in checked.problems]


def _name(request: Request) -> str:
    return request.options.get("name", "configuration")
