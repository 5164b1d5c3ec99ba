"""The manual pages say what the commands say, and groff and man have nothing against them."""

from __future__ import annotations

import re
import subprocess

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.docs import manual, roff
from scripts.docs.manual import said
from tests.docs.command_tree import CONTEXTS, NAMES

PAGES = manual.pages()
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT",
            "FILES", "SEE ALSO")  # fmt: skip


def shown(page: str) -> str:
    """A page as a wide terminal shows it, without a word of complaint."""
    argv = ["groff", "-ww", "-man", "-Tutf8", "-P-cbou", "-Kutf8", "-rLL=999n", "-rHY=0"]
    done = subprocess.run(argv, input=page, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


def test_every_command_has_a_page_and_nothing_else_has() -> None:
    assert set(PAGES) == {f"{name.replace(' ', '-')}.1" for name in NAMES}


@pytest.mark.parametrize("context", CONTEXTS, ids=NAMES)
def test_a_page_shows_what_help_shows(context: click.Context) -> None:
    name = context.command_path.replace(" ", "-")
    page = shown(PAGES[f"{name}.1"])
    flat = " ".join(page.split())
    headings = re.findall(r"^([A-Z][A-Z ]+)$", page, re.MULTILINE)
    assert [heading for heading in headings if heading != "COMMANDS"] == list(SECTIONS)
    about, lines = said(context.command)
    for text in (*about.split("\n\n"), *lines):
        assert " ".join(text.replace("`", "").split()) in flat
    for param in context.command.params:
        if isinstance(param, click.Option):
            assert all(name in flat for name in param.opts)
            assert " ".join((param.help or "").replace("`", "").split()) in flat


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
                min_size=1, max_size=20))  # fmt: skip
def test_no_text_means_anything_to_roff(texts: list[str]) -> None:
    lines = [text.strip() or "x" for text in texts]
    page = "\n".join([roff.title("x", 1, "x", "x"), ".SH X", roff.literal(lines)])
    inside = [line.strip() for line in shown(page).splitlines()]
    assert [line for line in lines if line not in inside] == []


def test_code_is_bold_and_hyphens_can_be_pasted() -> None:
    assert roff.text("run `lvsm x-y`.") == "run \\fBlvsm x\\-y\\fR."
    assert roff.escape(".TH") == "\\&.TH"
    assert roff.section("EMPTY", "") == ""
