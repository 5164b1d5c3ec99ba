"""The questions answered: one after the other by a person, or all at once from flags and files.

Law: a value is in `values` only if its question's reader took it with the values before it; going
back forgets nothing, and an answer that changes what later ones rest on has them read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lvsm.core.readers import Wrong
from lvsm.core.wizard.machine import Machine
from lvsm.core.wizard.questions import QUESTIONS, Question, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What defaults come from: the machine, and what its files say now, as texts by key."""

    machine: Machine
    present: Mapping[str, str]

    def default(self, question: Question, values: Values) -> str | None:
        """What Enter means: the answer given before, else the files', else the table's."""
        if question.key in values:
            return question.show(values[question.key])
        return self.untouched(question, values)

    def untouched(self, question: Question, values: Values) -> str | None:
        """What it means to somebody who has not answered yet."""
        present = self.present.get(question.present_key(values))
        if present is not None and _readable(question, present, values, self.machine):
            return present
        return question.default(values, self.machine)


def _readable(question: Question, text: str, values: Values, machine: Machine) -> bool:
    try:
        question.read(text, values, machine)
    except Wrong:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """Where a person is: `at` is the question's index, past the last one the review."""

    known: Known
    values: Values
    at: int = 0

    def question(self) -> Question | None:
        """The question to ask; None when all are answered."""
        return QUESTIONS[self.at] if self.at < len(QUESTIONS) else None

    def default(self) -> str | None:
        """What Enter means here."""
        question = self.question()
        return None if question is None else self.known.default(question, self.values)

    def place(self) -> tuple[int, int]:
        """Which question this is, from 1, and how many there are with the answers so far."""
        asked = [q for q in QUESTIONS if q.applies(self.values)]
        before = [q for q in QUESTIONS[: self.at] if q.applies(self.values)]
        return len(before) + 1, len(asked)

    def answer(self, text: str) -> Dialogue:
        """The dialogue after an answer; raises Wrong, and then nothing has changed."""
        question = QUESTIONS[self.at]
        value = question.read(text, self.values, self.known.machine)
        values = {**self.values, question.key: value}
        return replace(self, values=_still_good(values, self.known.machine)).step(1)

    def back(self) -> Dialogue:
        """One question back; the first one has none before it."""
        moved = self.step(-1)
        return moved if moved.at >= 0 else self

    def step(self, by: int) -> Dialogue:
        """The dialogue at the next question (1) or the one before (-1) that applies."""
        at = self.at + by
        while 0 <= at < len(QUESTIONS) and not QUESTIONS[at].applies(self.values):
            at += by
        return replace(self, at=at)


def _still_good(values: Values, machine: Machine) -> Values:
    """Without the answers that do not apply any more, or that their readers now refuse."""
    good: dict[str, object] = {}
    for question in QUESTIONS:
        if question.key not in values or not question.applies(values):
            continue
        shown = question.show(values[question.key])
        if _readable(question, shown, {**values, **good}, machine):
            good[question.key] = values[question.key]
    return good


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """An answer that cannot be used: `name` is what flags and files call its question."""

    name: str
    code: str
    message: str
    advice: str

    def __str__(self) -> str:
        """A line for people."""
        return f"{self.name}: {self.message}. {self.advice} ({self.code})"


def answer_all(given: Mapping[str, str], known: Known) -> tuple[Values, tuple[Mistake, ...]]:
    """Answer every question from `given`, texts by key, and defaults; every mistake there is."""
    values: dict[str, object] = {}
    mistakes = []
    for question in QUESTIONS:
        try:
            values |= _one(question, given.get(question.key), values, known)
        except Wrong as wrong:
            mistakes.append(
                Mistake(
                    name=question.name,
                    code=wrong.code,
                    message=wrong.message,
                    advice=wrong.advice,
                )
            )
    return values, tuple(mistakes)


def _one(
    question: Question, text: str | None, values: Values, known: Known
) -> Mapping[str, object]:
    """A question's value by its key; nothing for one that does not apply. Raises Wrong."""
    if not question.applies(values):
        if text is None:
            return {}
        raise Wrong("not-asked", "with the other answers this is not asked", "Leave it out.")
    if text is None:
        text = known.untouched(question, values)
    if text is None:
        advice = f"Give {question.flag}, or {question.name} in the answers file."
        raise Wrong("missing-answer", "there is no default for this", advice)
    return {question.key: question.read(text, values, known.machine)}
