"""The conversation at a terminal: one question after the other, back and forth, then the review.

Law: it reads and writes the terminal alone. Ctrl-C and the end of input, at any prompt, raise
click.Abort. A secret is typed without being shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import click

from lvsm.core.readers import Wrong
from lvsm.core.wizard import passwords
from lvsm.core.wizard.dialogue import Dialogue
from lvsm.core.wizard.files import Present
from lvsm.core.wizard.machine import Machine, Nic
from lvsm.core.wizard.questions import GENERATE, KEEP, Question

BACK = "<"
EXPLAIN = "?"
KEEP_TYPED = "as typed before"
_WIDTH = 96
_INDENT = "  "
HEAD = (
    "LVSM configurator        (Enter takes [default]; ? explains; < goes back;"
    " Ctrl-C leaves everything as it was)"
)


def converse(dialogue: Dialogue) -> Dialogue:
    """Ask from where the dialogue is up to the review; the dialogue there."""
    while (question := dialogue.question()) is not None:
        _introduce(question, dialogue)
        dialogue = _asked(question, dialogue)
    return dialogue


def reopened(dialogue: Dialogue) -> Dialogue:
    """The dialogue at its last question, to go back from the review."""
    return dialogue.back()


def _introduce(question: Question, dialogue: Dialogue) -> None:
    place, count = dialogue.place()
    click.echo()
    click.echo(click.style(f"{question.title}   [{place} of {count}]", bold=True))
    _say(question.meaning.partition("\n\n")[0])
    if question.key == "interfaces":
        _list_interfaces(dialogue.known.machine)


def _say(text: str) -> None:
    for paragraph in text.split("\n\n"):
        click.echo(
            textwrap.fill(
                paragraph,
                _WIDTH,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT,
                break_on_hyphens=False,
            )
        )


def _list_interfaces(machine: Machine) -> None:
    likely = machine.likely()
    for number, nic in enumerate(machine.usable(), 1):
        click.echo(f"    {number:<2} {nic.name:<10} {_about(nic, likely)}")


def _about(nic: Nic, likely: Nic | None) -> str:
    notes = [
        note
        for note, told in (
            ("default route", nic.default_route),
            ("no link", not nic.carrier),
            ("<- looks like the cluster network", nic == likely),
        )
        if told
    ]
    shown = ", ".join(str(address) for address in nic.ipv4())
    return f"{shown:<20} {', '.join(notes)}".rstrip()


def _asked(question: Question, dialogue: Dialogue) -> Dialogue:
    """The dialogue after one question, or before it."""
    ask: Callable[[Question, Dialogue], str] = _secret if question.secret else _plain
    while True:
        text = ask(question, dialogue)
        if text == BACK:
            return dialogue.back()
        if text == EXPLAIN:
            _say(question.meaning)
            continue
        try:
            return dialogue.answer(text)
        except Wrong as wrong:
            click.echo(f"{_INDENT}{_capital(wrong.message)}. {wrong.advice}")


def _plain(question: Question, dialogue: Dialogue) -> str:
    default = dialogue.default()
    shown = f" [{default}]" if default is not None else ""
    typed = _prompt(f"{_INDENT}{question.title}{shown}")
    return typed or default or ""


def _prompt(text: str, *, hidden: bool = False) -> str:
    while True:
        try:
            answer: str = click.prompt(text, default="", show_default=False, hide_input=hidden)
        except UnicodeDecodeError:
            click.echo(f"{_INDENT}This is not UTF-8.")
        else:
            return answer if hidden else answer.strip()


def _secret(question: Question, dialogue: Dialogue) -> str:
    default = dialogue.default()
    if default not in (None, KEEP, GENERATE):
        default = KEEP_TYPED
    shown = f" [{default.lstrip(chr(0))}]" if default is not None else ""
    typed = _prompt(f"{_INDENT}{question.title}{shown}", hidden=True)
    if typed in (BACK, EXPLAIN):
        return typed
    if not typed and default == KEEP_TYPED:
        return str(dialogue.values[question.key])
    if not typed or question.key != "password":
        return typed or default or ""
    return _twice(typed, dialogue)


def _twice(typed: str, dialogue: Dialogue) -> str:
    """A new password, typed again; explain or back count there too."""
    names = (dialogue.known.machine.node,)
    try:
        passwords.check(typed, names)
    except Wrong:
        return typed  # the question's own reader says why it is refused
    click.echo(f"{_INDENT}This password is {passwords.strength(typed)}")
    again = _prompt(f"{_INDENT}The same again", hidden=True)
    if again in (typed, BACK):
        return again
    click.echo(f"{_INDENT}The two are not the same.")
    return EXPLAIN


def confirmed(question: str) -> bool | None:
    """Yes, no, or None for back to the questions."""
    while True:
        typed = _prompt(f"{question} [y, n, or < to go back]").lower()
        if typed in ("y", "yes"):
            return True
        if typed in ("n", "no"):
            return False
        if typed == BACK:
            return None


def notes_of(present: Present) -> None:
    """Say what could not be read of the files that there are."""
    for note in present.notes:
        click.echo(f"Note: {note}", err=True)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
