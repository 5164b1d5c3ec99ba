"""ABNF (RFC 5234, RFC 7405) as regular expressions, for grammars that do not recurse."""

from __future__ import annotations

import re
from collections.abc import Mapping

CORE = {
    "ALPHA": "[A-Za-z]",
    "DIGIT": "[0-9]",
    "HEXDIG": "[0-9A-Fa-f]",
    "SP": " ",
    "HTAB": "\t",
    "CR": "\r",
    "LF": "\n",
    "DQUOTE": '"',
}
_RULE = re.compile(r"([a-z][a-z0-9-]*) *= *(.*)")
_COMMENT = re.compile(r'((?:[^;"<]|"[^"]*"|<[^>]*>)*);.*')
_TOKEN = re.compile(r'(?:%s)?"[^"]*"|%x[0-9A-F]+(?:-[0-9A-F]+)?|<[^>]*>|[A-Za-z][\w-]*|[0-9*]+|\S')


def expressions(grammar: str, prose: Mapping[str, str]) -> dict[str, str]:
    """A regular expression for each rule; `prose` has those of the texts in angle brackets."""
    rules = {}
    for line in grammar.splitlines():
        match = _RULE.fullmatch(_COMMENT.sub(r"\1", line).strip())
        if match:
            rules[match[1]] = match[2]
    reader = _Reader(rules, prose)
    return {name: reader.rule(name) for name in rules}


class _Reader:
    def __init__(self, rules: Mapping[str, str], prose: Mapping[str, str]) -> None:
        self._rules = rules
        self._prose = prose
        self._tokens: list[str] = []

    def rule(self, name: str) -> str:
        if name in CORE:
            return CORE[name]
        outside, self._tokens = self._tokens, _TOKEN.findall(self._rules[name])
        found = self._alternation()
        assert not self._tokens, f"{name} goes on with {self._tokens}"
        self._tokens = outside
        return found

    def _alternation(self) -> str:
        found = [self._concatenation()]
        while self._tokens[:1] == ["/"]:
            self._tokens.pop(0)
            found.append(self._concatenation())
        return f"(?:{'|'.join(found)})"

    def _concatenation(self) -> str:
        found = ""
        while self._tokens and self._tokens[0] not in {"/", ")", "]"}:
            repeat = _repetition(self._tokens.pop(0)) if self._tokens[0][0] in "0123456789*" else ""
            found += self._element() + repeat
        return found

    def _element(self) -> str:
        token = self._tokens.pop(0)
        if token in {"(", "["}:
            inner = self._alternation()
            self._tokens.pop(0)
            return inner if token == "(" else f"{inner}?"
        if token.startswith("%x"):
            return "[" + "-".join(f"\\U{int(n, 16):08x}" for n in token[2:].split("-")) + "]"
        if token.startswith("<"):
            return self._prose[token[1:-1]]
        if token.endswith('"'):
            return _text(token)
        return self.rule(token)


def _text(token: str) -> str:
    text = token.split('"')[1]
    if token.startswith("%s"):
        return f"(?:{re.escape(text)})"
    either = (f"[{c.upper()}{c.lower()}]" if c.isalpha() else re.escape(c) for c in text)
    return f"(?:{''.join(either)})"


def _repetition(token: str) -> str:
    low, star, high = token.partition("*")
    return f"{{{low or 0},{high}}}" if star else f"{{{low}}}"
