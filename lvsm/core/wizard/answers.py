"""An answers file (TOML): read to texts by question, and printed as a template.

Law: a secret is in no answers file: `auth_key_file` and `password_file` name files, and
`password_verifier` is a verifier. What the template prints, `parse` reads.
"""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lvsm.core import toml_text
from lvsm.core.errors import LvsmError, shortened
from lvsm.core.names import did_you_mean, quoted
from lvsm.core.places import Places
from lvsm.core.wizard.dialogue import Known
from lvsm.core.wizard.questions import BY_NAME, QUESTIONS, Question

_VERIFIER = "password_verifier"
_WIDTH = 98
_HEAD = """\
# Answers for `writeconfigs --answers FILE`. What is commented out has to be said, or is asked in
# some cases only."""


class AnswersError(LvsmError):
    """An answers file that cannot be read; the message names the place."""

    code = "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a file answers: texts by name, where a secret's text is the path of its file."""

    texts: Mapping[str, str]
    verifier: str | None = None


def parse(text: str) -> Answers:
    """Read an answers file; raises AnswersError for the first mistake."""
    if toml_text.too_deep(text) is not None:
        raise AnswersError("the answers are no TOML that LVSM reads: a key has too many dots")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise AnswersError("the answers are no TOML: brackets in brackets, too deep") from None
    except ValueError as error:
        raise AnswersError(f"the answers are no TOML: {shortened(error)}") from None
    texts = {}
    for name, value in document.items():
        if name not in BY_NAME and name != _VERIFIER:
            raise _wrong(text, name, f"there is no key {quoted(name)}. {_near(name)}")
        texts[name] = _text(text, name, value)
    verifier = texts.pop(_VERIFIER, None)
    return Answers(texts=texts, verifier=verifier)


def _near(name: str) -> str:
    return did_you_mean(name, (*BY_NAME, _VERIFIER))


def _text(text: str, name: str, value: Any) -> str:
    """A value as somebody would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        if abs(value) > 10**20:  # Python refuses to write out the longest
            raise _wrong(text, name, "this number is out of range")
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return " ".join(value)
    raise _wrong(text, name, "this has to be a text, a number, or a list of texts")


def _wrong(text: str, name: str, message: str) -> AnswersError:
    place = Places(text).key((name,))
    return AnswersError(f"line {place.line}, column {place.column}: {shortened(name)}: {message}")


def template(known: Known) -> str:
    """Every question with its meaning, and the default as its answer where there is one."""
    values: dict[str, Any] = {}
    parts = [_HEAD]
    for question in QUESTIONS:
        parts += ["", f"# {question.title}.", *_meaning(question), *_line(question, known, values)]
    return "\n".join(parts) + "\n"


def _meaning(question: Question) -> list[str]:
    lines = []
    for paragraph in question.meaning.split("\n\n"):
        lines += textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent="# ",
            subsequent_indent="# ",
            break_on_hyphens=False,
            break_long_words=False,
        )
    return lines


def _line(question: Question, known: Known, values: dict[str, Any]) -> list[str]:
    if question.secret:
        lines = [f'# {question.name} = "/path/to/{question.key}"']
        if question.key == "password":
            lines.append(f'# {_VERIFIER} = "SCRAM-SHA-256$..."')
        return lines
    default = known.untouched(question, values)
    if default is None:
        return [f'# {question.name} = ""']
    line = toml_text.pair(question.name, int(default) if default.isdecimal() else default)
    if not question.applies(values):
        return [f"# {line}"]
    values[question.key] = question.read(default, values, known.machine)
    return [line]
