"""Texts read and held against the rules apart from the event loop, which only puts pieces together.

Law: it says what `checking.Checker` says, however large the text is, and holds the loop for no
longer than one piece takes. What was read apart is remembered as if it had been read here, so a
text that a Save is about to use is not read again.

`answer` is what runs apart; the others are the worker's.
"""

from __future__ import annotations

import asyncio
import gc
import pickle
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lvsm.core.config_text import Parsed
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts as NodeFacts
from lvsm.core.messages import BadRequestError
from lvsm.core.model import Configuration, VirtualService
from lvsm.core.outline import Outline
from lvsm.core.problems import Problem, most_telling, rendered
from lvsm.core.rereading import Reading
from lvsm.core.revalidating import Judged
from lvsm.daemon.checking import Answered, Checked, Checker, Remembered, known

Ask = Callable[..., AsyncGenerator[bytes, None]]
"""Frames to a process of its own, and back; raises LvsmError, OSError."""

AT_ONCE = 1
"""Texts that are only checked at a time; the others wait, and a Save never waits for them."""
WAITING = 8
"""Texts that may wait: each is up to 16 MiB."""
PIECE = 100
"""Realservers, or things of their size, of a piece: 2 ms of work for the loop."""


class TooManyChecksError(LvsmError):
    """So many texts wait to be checked that one more may not."""

    code = "too-many-checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is known beside the text, as `checking.check` takes it.

    `name` is what messages call the text; `whole` says whether the configuration is wanted too.
    """

    members: tuple[str, ...]
    facts: dict[str, NodeFacts]
    present: Configuration
    name: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with a text: how many errors it has, and the most telling problems.

    `rendered` has each of `problems` for people.
    """

    errors: int
    problems: tuple[Problem, ...]
    rendered: tuple[str, ...]

    @property
    def untold(self) -> int:
        """How many errors are not among the problems."""
        return self.errors - sum(problem.is_error for problem in self.problems)


def answer(frames: Sequence[bytes]) -> Iterator[bytes]:
    """The verdict on a text; of one that may be saved, if it is wanted, all that it says."""
    head, data = frames
    question: Question = _unpacked(head)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        yield _packed(BadRequestError(f"the text is not UTF-8: {error.reason}"))
        return
    checker = Checker()
    checked = _checked(checker, text, question)
    verdict = verdict_of(checked, text, question.name)
    yield _packed(verdict)
    if not question.whole or verdict.errors or checked.configuration is None:
        return
    if checked.text != text:
        _checked(checker, checked.text, question)
    yield _packed(checked.text != text)
    if checked.text != text:
        yield checked.text.encode("utf-8")
    yield from map(_packed, _batches(_steps(checker.last)))


def verdict_of(checked: Checked, text: str, name: str) -> Verdict:
    """The verdict on a text that was checked; `name` is what messages call it."""
    told = most_telling(checked.problems)
    return Verdict(
        errors=len(checked.errors) + checked.untold,
        problems=told,
        rendered=tuple(rendered(told, text, name)),
    )


async def nothing(_text: str) -> None:
    """What is prepared where checking may take its time."""


class CheckingApart:
    """Checks texts as a `Checker` does, without holding the event loop."""

    def __init__(
        self,
        *,
        checker: Checker,
        here: Callable[[str], Checked],
        ask: Ask,
        question: Callable[[], Question],
    ) -> None:
        """`here` calls the checker with what is known, `question` is that; `ask` asks `answer`."""
        self._checker = checker
        self._here = here
        self._ask = ask
        self._question = question
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def judge(self, text: bytes, name: str) -> Verdict:
        """What is wrong with a text that nobody is about to save.

        Raises BadRequestError, TooManyChecksError, LvsmError, OSError.
        """
        async with self._turn():
            question = replace(self._question(), name=name)
            async with aclosing(self._ask(_head(question), text)) as frames:
                return await _verdict(frames)

    async def prepare(self, text: str) -> None:
        """See to it that checking a text that nobody is about to save takes no time. As `judge`."""
        async with self._turn():
            await self.check(text)

    def at_once(self, text: str) -> bool:
        """Whether checking a text takes no time as it is."""
        return self._checker.knows_most_of(text)

    async def check(self, text: str) -> Checked:
        """Check a text that is to be used, and remember what it says. Raises LvsmError, OSError.

        One that differs in little from what is remembered is checked here and now.
        """
        if self._checker.knows_most_of(text):
            return self._here(text)
        question = replace(self._question(), whole=True)
        async with aclosing(self._ask(_head(question), text.encode("utf-8"))) as frames:
            verdict = await _verdict(frames)
            checked = Checked(
                text=text, configuration=None, problems=verdict.problems, untold=verdict.untold
            )
            if not verdict.errors:
                final = await _final(frames, text)
                with _no_sweeping():
                    found = await _assembled(frames, final, question)
                self._checker.remember(found)
                configuration = found.reading.parsed.configuration
                checked = replace(checked, text=final, configuration=configuration)
        self._checker.answered(
            Answered(
                asked=text,
                told=known(question.members, question.facts),
                present=question.present,
                answer=checked,
            )
        )
        return checked

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting > WAITING:
            raise TooManyChecksError(f"{WAITING} texts wait to be checked already: ask again later")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1


async def _verdict(frames: AsyncIterator[bytes]) -> Verdict:
    found: Verdict | LvsmError = _unpacked(await anext(frames))
    if isinstance(found, LvsmError):
        raise found
    return found


async def _final(frames: AsyncIterator[bytes], text: str) -> str:
    """The text as it would be saved."""
    changed = _unpacked(await anext(frames))
    return (await anext(frames)).decode("utf-8") if changed else text


def _checked(checker: Checker, text: str, question: Question) -> Checked:
    return checker(
        text,
        members=question.members,
        facts=question.facts,
        present=question.present,
    )


# what a text says, step by step: taken apart, and put together again

Step = tuple[str, Any]


def _steps(found: Remembered) -> Iterator[Step]:
    reading, judged = found.reading, found.judged
    configuration = reading.parsed.configuration
    if configuration is None or judged is None:
        return  # nothing is saved of what cannot be read
    yield "cluster", configuration.cluster
    for node in configuration.nodes.values():
        yield "node", node
    for vip in configuration.vips.values():
        yield "vip", replace(vip, realservers=())
        for realserver in vip.realservers:
            yield "realserver", realserver
    for run in reading.outline.runs if reading.outline is not None else ():
        yield "run", run
    yield "outline", reading.outline is not None
    for problem in judged.problems:
        yield "problem", problem


def _batches(steps: Iterator[Step]) -> Iterator[list[Step]]:
    while batch := list(islice(steps, PIECE)):
        yield batch


async def _assembled(frames: AsyncIterator[bytes], text: str, question: Question) -> Remembered:
    found: dict[str, list[Any]] = defaultdict(list)
    vips: dict[str, VirtualService] = {}
    async for frame in frames:
        for kind, value in _unpacked(frame):
            if kind != "realserver" and found["realserver"]:
                _complete(vips, found)
            if kind == "vip":
                vips[value.name] = value
            else:
                found[kind].append(value)
    _complete(vips, found)
    configuration = Configuration(
        cluster=found["cluster"][0], nodes={node.name: node for node in found["node"]}, vips=vips
    )
    outline = Outline(runs=tuple(found["run"]), length=len(text)) if found["outline"][0] else None
    parsed = Parsed(configuration=configuration, problems=())
    facts = known(question.members, question.facts)
    return Remembered(
        reading=Reading(text=text, parsed=parsed, outline=outline),
        judged=Judged(configuration=configuration, facts=facts, problems=tuple(found["problem"])),
    )


def _complete(vips: dict[str, VirtualService], found: dict[str, list[Any]]) -> None:
    """Give the realservers that came to the virtual service before them."""
    if found["realserver"]:
        name, last = next(reversed(vips.items()))
        vips[name] = replace(last, realservers=tuple(found.pop("realserver")))


@contextmanager
def _no_sweeping() -> Iterator[None]:
    """Keep the garbage collector from what is put together, then and later.

    It would go through all of it again and again, at a stretch; and there are no cycles in it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _head(question: Question) -> bytes:
    """The question as a frame; of the configuration in use only its nodes are needed."""
    nodes = question.present.nodes
    return _packed(replace(question, present=Configuration(nodes=nodes)))


def _packed(value: object) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _unpacked(frame: bytes) -> Any:
    """What a process of our own, with this code and this uid, has packed."""
    return pickle.loads(frame)  # noqa: S301  no stranger wrote it
