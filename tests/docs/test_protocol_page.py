"""docs/protocol.md says what the code says, and its conversations are a real plvsd's."""

from __future__ import annotations

from dataclasses import fields
from difflib import unified_diff
from pathlib import Path

import pytest

from lvsm.core.admission import Limits
from lvsm.core.session_table import MOVES, TABLE, Reaction, State, Turn
from lvsm.daemon.requests import Verb, readers
from scripts.docs import from_code, node, protocol_page, transcript
from scripts.docs.__main__ import PROTOCOL
from scripts.docs.blocks import BlockError, fill, table
from scripts.docs.transcript import TranscriptError


def test_the_page_is_what_make_docs_writes() -> None:
    page = PROTOCOL.read_text(encoding="utf-8")
    made = protocol_page.made(page)
    stale = "\n".join(unified_diff(page.splitlines(), made.splitlines(), lineterm="", n=0))
    assert made == page, f"docs/protocol.md is stale: run `make docs` and commit it\n{stale}"


def test_every_state_and_turn_is_drawn() -> None:
    drawn = from_code.states()
    for (before, turn), after in MOVES.items():
        assert f"{before.value} --> {after.value}: {turn.value}" in drawn
    assert {turn for _, turn in MOVES} == set(Turn)
    assert {state for state, _ in MOVES} | set(MOVES.values()) == set(State)
    assert set(TABLE.values()) == set(Reaction)


def test_every_limit_has_its_sentence() -> None:
    drawn = from_code.limits()
    assert all(f"| `{field.name}` |" in drawn for field in fields(Limits))
    assert "|  |" not in drawn
    assert "| `line_before_login` | 8 KiB |" in drawn
    assert "| `connections` | 4,096 |" in drawn
    assert "| `idle_seconds` | 900 s |" in drawn


async def _handle(*_: object) -> str:
    """Do it,
    over two lines.
    """  # fmt: skip
    return ""


async def _wrapped(*_: object) -> str:
    return ""


def test_a_verb_is_shown_as_it_is_written_with_who_may_use_it() -> None:
    verbs = {
        "VIP ADD": Verb(_handle, readers, "add one: VIP ADD name", changes=True),
        "VIP LIST": Verb(_handle, readers, "lists: them all"),
        "ZZZ": Verb(_wrapped, readers, "heartbeat: sleep"),
    }
    drawn = from_code.verbs(verbs)
    assert f"**`VIP ADD name`**  \nDo it, over two lines.  \n*For: {readers}.* Recorded" in drawn
    assert "**`VIP LIST`**" in drawn
    assert "**`ZZZ`**  \nHeartbeat: sleep.  \n" in drawn
    assert drawn.index("### VIP") < drawn.index("VIP ADD") < drawn.index("### ZZZ")


async def test_every_verb_of_plvsd_says_what_it_does_and_for_whom(tmp_path: Path) -> None:
    for name, verb in (await node.verbs(tmp_path)).items():
        assert from_code.who(verb), f"nothing says for whom {name} is"
        assert verb.help, f"{name} has no line of help"


PAGE = """before
<!-- one: written by `make docs` -->
old
<!-- end of one -->
after <!-- two: written by `make docs` -->
<!-- end of two -->
"""


def test_only_the_named_parts_change() -> None:
    made = fill(PAGE, {"one": lambda old: old.upper(), "two": lambda _: "new"})
    assert made == PAGE.replace("old", "OLD").replace("<!-- end of two", "new\n<!-- end of two")
    assert fill(made, {"one": str, "two": str}) == made


@pytest.mark.parametrize("makers", [{"one": str}, {"one": str, "two": str, "three": str}])
def test_a_part_too_many_or_too_few_is_told(makers: dict[str, type[str]]) -> None:
    with pytest.raises(BlockError, match="two"):
        fill(PAGE, makers)


def test_a_cell_does_not_end_the_table() -> None:
    assert table(["a"], [["x|y\nz"]]).splitlines()[2] == "| x\\|y z |"


async def test_answers_are_the_nodes_and_not_the_pages(tmp_path: Path) -> None:
    talk = "S: old\nC: NOOP\nS: wrong\nC: VIP SHOW nothing\nS: OK"
    async with node.running(tmp_path) as served:
        had = await transcript.unix(served, talk)
    lines = had.splitlines()
    assert lines[0].startswith("S: LVSM 1 dir1 ")
    assert lines[1:4] == ["C: NOOP", "S: OK 0 nothing done", "C: VIP SHOW nothing"]
    assert lines[4].startswith("S: ERR unknown-name ")


async def test_a_login_that_fails_is_no_transcript(tmp_path: Path) -> None:
    talk = "S: x\nC: AUTH SCRAM-SHA-256-PLUS <client-first>\nS: x\nC: bm9uc2Vuc2U=\nS: x\nC: NOOP"
    async with node.running(tmp_path) as served:
        with pytest.raises((TranscriptError, ConnectionError)):
            await transcript.tls(served, talk)
