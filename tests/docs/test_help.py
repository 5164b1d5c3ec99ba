"""Every command explains itself and all that it takes, and shows examples that work."""

from __future__ import annotations

import re

import click
import pytest

from scripts.docs.manual import said
from tests.docs.command_tree import CONTEXTS, NAMES, examples, understood


@pytest.mark.parametrize("context", CONTEXTS, ids=NAMES)
def test_a_command_says_what_it_does_and_shows_examples(context: click.Context) -> None:
    about, lines = said(context.command)
    assert about, f"`{context.command_path}` has no docstring"
    assert lines, (
        f"the docstring of `{context.command_path}` needs `\\b` and `Examples:` at its end"
    )
    assert context.command.get_short_help_str(200).endswith("."), "its first sentence is cut off"


@pytest.mark.parametrize("context", CONTEXTS, ids=NAMES)
def test_every_option_and_argument_is_explained(context: click.Context) -> None:
    about, _ = said(context.command)
    for param in context.command.get_params(context):
        if isinstance(param, click.Option):
            assert param.hidden or param.help, f"{context.command_path} {param.opts[0]}: no help"
        else:
            metavar = re.findall("[A-Z]+", param.make_metavar(context))
            names = [*metavar, str(param.name).upper()]
            assert any(name in about for name in names), (
                f"the docstring of `{context.command_path}` does not mention {' or '.join(names)}"
            )


@pytest.mark.parametrize("context", CONTEXTS, ids=NAMES)
def test_examples_are_command_lines_that_lvsm_understands(context: click.Context) -> None:
    found = [understood(words) for words in examples(context)]
    assert found
    assert any(path.startswith(context.command_path) for path in found), (
        f"no example shows `{context.command_path}` itself"
    )


@pytest.mark.parametrize("words", [["vip", "shw"], ["status", "--jsn"], ["status", "x"]])
def test_an_example_that_is_wrong_is_found(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        understood(words)
