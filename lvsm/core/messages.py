"""Request lines: their grammar, parsed and rendered side by side (docs/protocol.md).

    request  = verb *( blank ( argument / option ) )
    verb     = word [ blank word ]            ASCII letters, digits, "-"; case does not matter
    argument = bare / quoted                  a quoted one is never a verb nor an option
    option   = key "=" ( bare / quoted )      each key once; case of the key does not matter
    bare     = 1*( any character but blank and quotation mark )
    quoted   = a JSON string (RFC 8259, section 7)

The option `bytes` is the length of the literal that follows the line. The words after AUTH are
never options, because base64 ends with "=". Law: parse(render(x)) == x.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lvsm.core.errors import LvsmError

VERB_WORDS = 2
LITERAL_OPTION = "bytes"
WITHOUT_OPTIONS = "AUTH"

_BLANKS = re.compile(r"[ \t]+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_TOKEN = re.compile(
    r"[ \t]*"
    r"(?:(?P<key>[A-Za-z][A-Za-z0-9_-]*)=)?"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[^ \t\"]+)"
    r"(?=[ \t]|$)"
)
_OPTION_START = re.compile(r"[A-Za-z][A-Za-z0-9_-]*=")
_PLAIN = re.compile('[^ \t"\x00-\x1f\x7f-\x9f\ud800-\udfff]+')
_UNSENDABLE = re.compile("[\x7f-\x9f\ud800-\udfff]")
_LENGTH = re.compile(r"[0-9]{1,10}", re.ASCII)


class BadRequestError(LvsmError):
    """A request line that does not follow the grammar."""

    code = "bad-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A request line understood; `literal` is the length in bytes of what follows it, if any."""

    verb: str
    args: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    literal: int | None = None
    known: bool = True


def quote(text: str) -> str:
    """`text` as a quoted string that a line can carry."""
    return escape(json.dumps(text, ensure_ascii=False))


def escape(rendered: str) -> str:
    """JSON without the characters that a line cannot carry."""
    return _UNSENDABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", rendered)


def unquote(text: str) -> str:
    """The text of a quoted string; raises BadRequestError."""
    try:
        value: str = json.loads(text)
        value.encode("utf-8")
    except ValueError:
        raise BadRequestError(f"{text} is no string as JSON writes it") from None
    return value


def tokens(text: str) -> list[tuple[str | None, str, bool]]:
    """The tokens of a line as (key or None, value, whether quoted); raises BadRequestError."""
    found = []
    place = 0
    text = text.rstrip(" \t")
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadRequestError(
                f"cannot read the request from its character {place + 1} on: quotation marks"
                ' enclose a whole value, and \\" stands for one inside'
            )
        value = match["value"]
        quoted = value.startswith('"')
        found.append((match["key"], unquote(value) if quoted else value, quoted))
        place = match.end()
    return found


def parse(text: str, verbs: Collection[str]) -> Command:
    """Understand a request line; `verbs` are the known ones, in capitals, of one or two words.

    A verb that is not among them is its first word and has `known` false. Raises BadRequestError
    for what is no request at all.
    """
    first, *rest = _BLANKS.split(text.strip(" \t"))
    if not _WORD.fullmatch(first):
        raise BadRequestError("a request begins with a verb, such as HELP")
    if first.upper() == WITHOUT_OPTIONS:
        return Command(verb=WITHOUT_OPTIONS, args=tuple(rest), known=WITHOUT_OPTIONS in verbs)
    found = tokens(text)
    verb, count = _verb(found, verbs)
    args = tuple(value for key, value, _ in found[count:] if key is None)
    pairs = [(key.lower(), value) for key, value, _ in found[count:] if key is not None]
    options = dict(pairs)
    if len(options) != len(pairs):
        raise BadRequestError("an option is given twice")
    literal = options.pop(LITERAL_OPTION, None)
    if literal is not None and not _LENGTH.fullmatch(literal):
        raise BadRequestError(f"{LITERAL_OPTION} is the length of the literal in decimal digits")
    return Command(
        verb=verb,
        args=args,
        options=options,
        literal=None if literal is None else int(literal),
        known=verb in verbs,
    )


def _verb(found: list[tuple[str | None, str, bool]], verbs: Collection[str]) -> tuple[str, int]:
    """The longest known verb that the tokens begin with, and the count of its words."""
    words: list[str] = []
    for key, value, quoted in found[:VERB_WORDS]:
        if key is not None or quoted or not _WORD.fullmatch(value):
            break
        words.append(value.upper())
    for count in range(len(words), 0, -1):
        if (verb := " ".join(words[:count])) in verbs:
            return verb, count
    return words[0], 1


def announces_literal(text: str) -> bool:
    """Whether a line that could not be parsed may be followed by a literal: be wary of it."""
    return f"{LITERAL_OPTION}=" in text.lower()


def render(
    head: str,
    args: Sequence[str] = (),
    options: Mapping[str, object] | None = None,
    literal: int | None = None,
) -> str:
    """A request line; `head` is the verb, and may go on as one would type it.

    Raises BadRequestError when `head` is no beginning of a request. Options that are None are
    left out, true and false become `yes` and `no`.
    """
    if not tokens(head) or _unsendable(head):
        raise BadRequestError("a request begins with a verb, such as HELP")
    alone = len(tokens(head)) == 1
    parts = [head.strip(" \t")]
    for index, arg in enumerate(args):
        maybe_verb = index == 0 and alone and _WORD.fullmatch(arg) is not None
        parts.append(quote(arg) if maybe_verb or _OPTION_START.match(arg) else value_text(arg))
    for key, value in (options or {}).items():
        if value is not None:
            parts.append(f"{key}={value_text(_option_text(value))}")
    if literal is not None:
        parts.append(f"{LITERAL_OPTION}={literal}")
    return " ".join(parts)


def value_text(text: str) -> str:
    """A value as it stands behind `=`: bare if it can be."""
    return text if _PLAIN.fullmatch(text) else quote(text)


def _option_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _unsendable(text: str) -> bool:
    return any(character < " " and character != "\t" for character in text) or bool(
        _UNSENDABLE.search(text)
    )
