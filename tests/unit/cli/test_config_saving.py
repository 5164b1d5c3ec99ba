from __future__ import annotations

import json
from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core.errors import LvsmError
from tests.unit.cli.plvsd import FakePlvsd

TEXT = "[cluster]\n"
SAVED = {
    "generation": 5,
    "changed": True,
    "nodes": ["dir1"],
    "complete": True,
    "rendered": [],
    "summary": "saved as generation 5",
}
PLAN = {
    "valid": True,
    "changed": True,
    "problems": [],
    "rendered": [],
    "nodes": [],
    "summary": "it could be saved",
}
CONFLICT = {
    "conflict": {
        "generation": 6,
        "epoch": 1,
        "author": "bob",
        "lines": ["--- generation 4", "+++ generation 6", "@@ -1 +1 @@", "-x", "+y"],
    }
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "www.toml"
    path.write_text(TEXT)
    return str(path)


def test_terms_of_a_save_go_along(plvsd: FakePlvsd, file: str) -> None:
    plvsd.answers["CONFIG SAVE"] = [SAVED]
    words = ("--if-generation", "4", "--comment", "why not", "--confirm", "5m", "--force")
    result = plvsd.lvsm("config", "save", file, *words)
    assert result.exit_code == exits.OK, result.output
    assert plvsd.only.options == {
        "name": file,
        "base": "4",
        "comment": "why not",
        "confirm": "300",
        "force": "yes",
    }


def test_a_plain_save_says_nothing_but_its_name(plvsd: FakePlvsd, file: str) -> None:
    plvsd.answers["CONFIG SAVE"] = [SAVED]
    assert plvsd.lvsm("config", "save", file).exit_code == exits.OK
    assert plvsd.only.options == {"name": file}


@pytest.mark.parametrize("words", ["config save {}", "config rollback 3"])
def test_a_save_that_some_nodes_do_not_have_yet_ends_with_6(
    plvsd: FakePlvsd, file: str, words: str
) -> None:
    for verb in ("CONFIG SAVE", "CONFIG ROLLBACK"):
        plvsd.answers[verb] = [{**SAVED, "complete": False}]
    assert plvsd.lvsm(*words.format(file).split()).exit_code == exits.PARTIAL


def test_a_conflict_ends_with_5_and_shows_what_the_other_changed(
    plvsd: FakePlvsd, file: str
) -> None:
    error = LvsmError("generation 6 was saved by bob on dir2 12 s ago", code="conflict")
    plvsd.answers["CONFIG SAVE"] = [SAVED]
    plvsd.refusals["CONFIG SAVE"] = [([CONFLICT], error), ([CONFLICT], error)]
    result = plvsd.lvsm("config", "save", file, "--if-generation", "4")
    assert (result.exit_code, result.stdout) == (exits.CONFLICT, "")
    assert "-x\n+y\nlvsm: generation 6 was saved by bob on dir2 12 s ago (conflict)" in (
        result.stderr
    )
    as_json = json.loads(plvsd.lvsm("config", "save", file, "--json").stderr)
    assert as_json["error"]["items"] == [CONFLICT]


@pytest.mark.parametrize("time", ["", "x", "-5m", "5y"])
def test_a_time_that_is_none_is_a_mistake_of_the_command_line(
    plvsd: FakePlvsd, file: str, time: str
) -> None:
    assert plvsd.lvsm("config", "save", file, "--confirm", time).exit_code == exits.USAGE
    assert not plvsd.requests


def test_what_has_to_be_confirmed_says_how(plvsd: FakePlvsd, file: str) -> None:
    plvsd.answers["CONFIG SAVE"] = [{**SAVED, "confirm_by": 1_700_000_300.0}]
    told = plvsd.lvsm("config", "save", file, "--confirm", "5m").stdout
    assert told.splitlines()[-1].endswith("lvsm config confirm")
    plvsd.answers["CONFIG CONFIRM"] = [SAVED]
    assert plvsd.lvsm("config", "confirm", "--if-generation", "5").exit_code == exits.OK
    assert plvsd.requests[-1].options == {"generation": "5"}


def test_a_rollback_names_its_generation_and_its_undo(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG ROLLBACK"] = [{**SAVED, "undo": "lvsm config rollback 4"}]
    result = plvsd.lvsm("config", "rollback", "3@1", "--comment", "broken")
    assert result.stdout == "saved as generation 5\nundo: lvsm config rollback 4\n"
    assert (plvsd.only.args, plvsd.only.options) == (("3@1",), {"comment": "broken"})


def test_a_rollback_can_be_looked_at_first(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG SHOW"] = [{"generation": 4, "epoch": 1, "text": TEXT}]
    plvsd.answers["CONFIG PLAN"] = [PLAN]
    result = plvsd.lvsm("config", "rollback", "3", "--dry-run")
    assert result.exit_code == exits.OK, result.output
    assert [request.verb for request in plvsd.requests] == [
        "CONFIG SHOW",
        "CONFIG SHOW",
        "CONFIG PLAN",
    ]
    assert plvsd.requests[1].args == ("3",)
    assert result.stdout == "it could be saved\n"
