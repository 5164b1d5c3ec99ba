"""The grammar in docs/protocol.md is the one that LVSM reads and writes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvsm.core import messages, responses
from lvsm.core.messages import BadRequestError
from lvsm.core.responses import Err, Event, Greeting, Item, Ok, Step
from scripts.docs.__main__ import PROTOCOL
from tests.docs.abnf import expressions

GRAMMAR = PROTOCOL.read_text(encoding="utf-8").partition("```abnf\n")[2].partition("```")[0]
RULES = expressions(GRAMMAR, {"a JSON object, RFC 8259, on one line": r"\{[^\n\x7f-\x9f]*\}"})
FEW = {
    name: rule.replace(r"[\U000000a0-\U0000d7ff]", "[éΩ]").replace(r"[\U0000e000-\U0010ffff]", "😀")
    for name, rule in RULES.items()
}
"""The same with few characters beyond ASCII: of a million hypothesis would choose slowly."""
VERBS = ("HELP", "CONFIG", "CONFIG SAVE")

texts = st.text(max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True).filter(lambda n: n != "bytes")
words = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"'),
                min_size=1, max_size=8)  # fmt: skip


def follows(rule: str, line: str) -> bool:
    return re.fullmatch(RULES[rule], line) is not None


@given(
    st.sampled_from(VERBS),
    st.lists(texts, max_size=3),
    st.dictionaries(names, texts, max_size=3),
    st.none() | st.integers(0, 2**24),
)
def test_a_request_that_is_written_follows_the_grammar(
    verb: str, args: list[str], options: dict[str, str], literal: int | None
) -> None:
    try:
        line = messages.render(verb, args, options, literal)
    except UnicodeEncodeError:
        return
    assert follows("request", line), line
    assert follows("client-line", f"{line}\r\n")


@settings(max_examples=40)
@given(st.from_regex(FEW["request"], fullmatch=True))
def test_what_follows_the_grammar_is_read(line: str) -> None:
    try:
        messages.parse(line, VERBS)
    except BadRequestError as refusal:
        # What the text beside the grammar says: each option once, bytes is a number, and a pair of
        # halves makes a character.
        said = ("given twice", "decimal digits", "is no string as JSON writes it")
        if not str(refusal).endswith(said):
            pytest.fail(line)


@given(st.text(st.sampled_from('aZ9-_=" \t\\ué{}:,*'), max_size=14))
def test_what_does_not_follow_the_grammar_is_not_read(line: str) -> None:
    try:
        messages.parse(line, VERBS)
    except BadRequestError:
        return
    assert follows("request", line), line


def test_after_auth_nothing_is_an_option() -> None:
    assert follows("auth", "auth SCRAM-SHA-256-PLUS biws=")
    assert not follows("auth", 'AUTH "quoted"')
    assert messages.parse("AUTH X a=b", ["AUTH"]).args == ("X", "a=b")


@given(
    st.one_of(
        st.builds(Greeting, node=words, software=words, features=st.lists(words).map(tuple)),
        st.builds(Step, st.binary(max_size=40)),
        st.builds(Item, st.dictionaries(texts, texts | st.integers() | st.none(), max_size=3)),
        st.builds(Event, st.dictionaries(texts, texts, max_size=3)),
        st.builds(Ok, st.integers(0, 10**8), texts),
        st.builds(
            Err,
            names.map(lambda n: n.replace("_", "")),
            texts,
            st.dictionaries(names, texts, max_size=3),
        ),
    )
)
def test_an_answer_that_is_written_follows_the_grammar(response: responses.Response) -> None:
    line = response.render()
    assert follows("server-line", f"{line}\n"), line
    assert responses.parse(line) is not None


@settings(max_examples=40)
@given(st.from_regex(f"{FEW['ok']}|{FEW['err']}|{FEW['step']}", fullmatch=True))
def test_an_answer_that_follows_the_grammar_is_read(line: str) -> None:
    try:
        responses.parse(line)
    except responses.BadResponseError as refusal:
        if not str(refusal).endswith(("base64", "as JSON writes it")):
            pytest.fail(line)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("request", "=x"),
        ("request", 'VIP SHOW "web'),
        ("request", 'VIP SHOW we"b'),
        ("request", "VIP\x01"),
        ("greeting", "lvsm 1 dir1 2.0"),
        ("ok", "OK"),
        ("err", "ERR conflict no-quotes"),
        ("err", 'ERR Conflict "x"'),
        ("item", "*{}"),
    ],
)
def test_the_grammar_says_what_is_wrong(rule: str, line: str) -> None:
    assert not follows(rule, line)
