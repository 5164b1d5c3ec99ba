"""What the code says of itself, as Markdown: states, limits, verbs, events, codes.

Law: nothing here is written twice. Every sentence is a docstring, a line of help or a note that
stands beside what it describes.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields
from itertools import groupby, pairwise

from lvsm.cli import exits
from lvsm.core import admission, events
from lvsm.core.admission import Limits
from lvsm.core.error_codes import CODES, Where
from lvsm.core.principal import Need
from lvsm.core.session_table import LOGIN_VERBS, MOVES, TABLE, State, Word
from lvsm.daemon.requests import Verb
from scripts.docs.blocks import table

LEAST_SIZE = 8 * 1024
"""Limits from here on are bytes; counts are smaller."""


def states() -> str:
    """The states of a connection as a diagram, and what each does with a line."""
    diagram = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.GREETING.value}"]
    diagram += [f"    {a.value} --> {b.value}: {turn.value}" for (a, turn), b in MOVES.items()]
    diagram += [f"    {State.CLOSED.value} --> [*]", "```", ""]
    listening = list(dict.fromkeys(state for state, _ in TABLE))
    header = ["the client's line", *(state.value for state in listening)]
    rows = [[w.value, *(TABLE[s, w].value for s in listening)] for w in Word]
    return "\n".join([*diagram, table(header, rows)])


def limits() -> str:
    """Every limit of a server with its default."""
    notes = _docstrings(Limits)
    rows = [
        [f"`{f.name}`", _number(f.name, getattr(Limits(), f.name)), notes[f.name]]
        for f in fields(Limits)
    ]
    return table(["limit", "default", "what it is"], rows)


def verbs(known: Mapping[str, Verb]) -> str:
    """Every verb: how it is written, what it does, who may use it."""
    parts = [f"{_session_verbs()}\n"]
    for family, names in groupby(sorted(known), key=lambda name: name.split(" ")[0]):
        parts.append(f"### {family}\n")
        parts += [_verb(name, known[name]) for name in names]
    return "\n".join(parts)


def happenings() -> str:
    """What can be watched, and every event."""
    topics = table(["topic", "what it tells"], [[f"`{k}`", v] for k, v in events.TOPICS.items()])
    rows = [
        [f"`{kind.code}`", kind.topic, _code_list(f.name for f in fields(kind)), _said_by(kind)]
        for kind in events.ALL
    ]
    return f"{topics}\n\n{table(['event', 'topic', 'fields', 'what happened'], rows)}"


def codes(where: Where) -> str:
    """The codes that people meet there."""
    rows = [
        [f"`{code}`", note.cause, note.cure, str(exits.of_code(code))]
        for code, note in CODES[where].items()
    ]
    if where in {Where.ANSWER, Where.CLIENT}:
        return table(["code", "why it comes", "what to do", "`lvsm` ends with"], rows)
    return table(["code", "why it comes", "what to do"], [row[:3] for row in rows])


def exit_codes() -> str:
    """What `lvsm` ends with."""
    rows = [[str(exit_.number), exit_.word, exit_.meaning] for exit_ in exits.TABLE]
    return table(["exit code", "word", "meaning"], rows)


def _session_verbs() -> str:
    halves = [text.partition(": ") for text in LOGIN_VERBS.values()]
    rows = [[f"`{usage}`", what] for usage, _, what in halves]
    return table(["at any time", "what it does"], rows)


def _verb(name: str, verb: Verb) -> str:
    what, usage = _halves(name, verb.help)
    recorded = " Recorded in the audit log." if verb.changes else ""
    return f"**`{usage}`**  \n{_said_by(verb.handle) or what}  \n*For: {who(verb)}.*{recorded}\n"


def who(verb: Verb) -> str:
    """Who may use a verb, as a refusal says it."""
    return str(verb.who) if isinstance(verb.who, Need) else _said_by(verb.who).rstrip(".")


def _halves(name: str, text: str) -> tuple[str, str]:
    """A line of help as a sentence, and how the verb is written: its end, if that begins so."""
    what, _, usage = text.rpartition(": ")
    if not usage.startswith(name):
        what, usage = text, name
    return f"{what[:1].upper()}{what[1:]}.", usage


def _said_by(thing: object) -> str:
    """What a docstring says, in one line."""
    return " ".join((inspect.getdoc(getattr(thing, "func", thing)) or "").split())


def _docstrings(kind: type) -> dict[str, str]:
    """The text that stands below each field of a class."""
    tree = ast.parse(inspect.getsource(admission))
    [body] = [n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind.__name__]
    found = {}
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                found[name] = " ".join(text.split())
    return found


def _number(name: str, value: float) -> str:
    if name.endswith("_seconds"):
        return f"{value:g} s"
    for size, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= LEAST_SIZE and value % size == 0:
            return f"{value // size:g} {unit}"
    return f"{value:,g}"


def _code_list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
