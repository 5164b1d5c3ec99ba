from __future__ import annotations

import json
from typing import Any

from lvsm.cli import exits
from lvsm.core import epochs
from lvsm.core.errors import LvsmError
from tests.unit.cli.plvsd import FakePlvsd


def row(generation: int, **more: Any) -> dict[str, Any]:
    return {
        "generation": generation,
        "epoch": 1,
        "hash": f"{generation:064x}",
        "parent": "",
        "state": "saved",
        "decided": True,
        "author": "ann",
        "node": "dir1",
        "comment": "",
        "saved_at": 1_700_000_000.0,
        "ago_s": 7200.0,
        "confirm_by": None,
        **more,
    }


DIFFERENCE = {
    "from": row(1),
    "to": row(2),
    "changes": [
        {
            "change": "changed",
            "of": "realserver",
            "name": "rs1",
            "vip": "web",
            "values": {"weight": [10, 20]},
        }
    ],
    "lines": [
        "--- generation 1",
        "+++ generation 2",
        "@@ -9 +9 @@",
        "-weight = 10",
        "+weight = 20",
    ],
}


def test_the_history_begins_with_what_is_in_use(plvsd: FakePlvsd) -> None:
    epoch = epochs.begun(1, 483920175)
    plvsd.answers["CONFIG HISTORY"] = [
        row(42, state="in use", epoch=epoch, comment='add "tls"'),
        row(41, state="conflict", author="bob", comment="on the other side"),
        row(40, author=None, node=None, comment=None, saved_at=None, ago_s=None),
    ]
    plvsd.texts["CONFIG HISTORY"] = "3 of 40 shown"
    first, _, header, *rest = plvsd.lvsm("config", "history", "--limit", "3").stdout.splitlines()
    assert first == 'generation 42 is in use, saved 2 h ago by ann on dir1: "add \\"tls\\""'
    assert header.split() == ["GENERATION", "EPOCH", "SAVED", "BY", "ON", "STATE", "COMMENT"]
    assert rest[0].split()[:2] == ["42", "2.483920175"]
    assert "in use" in rest[0]
    assert rest[0].endswith('add "tls"')
    assert "conflict  on the other side" in rest[1]
    assert rest[2].endswith("this node's file of it is lost")
    assert rest[-1] == "37 older: lvsm config history --all"
    assert plvsd.only.options == {"limit": "3"}


def test_the_whole_history_can_be_had_as_json(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG HISTORY"] = [row(1, state="in use")]
    plvsd.texts["CONFIG HISTORY"] = "1 of 1 shown"
    document = json.loads(plvsd.lvsm("config", "history", "--all", "--json").stdout)
    assert document["items"][0]["generation"] == 1


def test_before_the_first_save_the_history_says_so(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG HISTORY"] = []
    plvsd.texts["CONFIG HISTORY"] = "0 of 0 shown"
    assert plvsd.lvsm("config", "history").stdout == "Nothing has been saved yet.\n"


def test_a_generation_is_shown_as_it_was_saved(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG SHOW"] = [{**row(3), "text": "[cluster]\n"}]
    assert plvsd.lvsm("config", "show", "3@1").stdout == "[cluster]\n"
    assert plvsd.only.args == ("3@1",)


def test_a_difference_is_told_by_objects_and_by_lines(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG DIFF"] = [DIFFERENCE]
    assert plvsd.lvsm("config", "diff", "1").stdout.splitlines() == [
        "generation 1 -> 2: 1 change",
        "  ~ realserver rs1 in web   weight 10 -> 20",
        "",
        *DIFFERENCE["lines"],
    ]
    assert plvsd.only.args == ("1",)
    colored = plvsd.lvsm("config", "diff", "1", "2", "--color", "always").stdout
    assert "\x1b[32m+weight = 20\x1b[0m" in colored
    assert "\x1b[33m  ~ realserver" in colored


def test_a_difference_can_be_had_for_patch_or_by_objects_alone(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG DIFF"] = [DIFFERENCE]
    assert (
        plvsd.lvsm("config", "diff", "1", "2", "--text").stdout.splitlines()
        == (DIFFERENCE["lines"])
    )
    changes = plvsd.lvsm("config", "diff", "1", "2", "--changes").stdout
    assert changes == "  ~ realserver rs1 in web   weight 10 -> 20\n"
    both = plvsd.lvsm("config", "diff", "1", "--text", "--changes")
    assert both.exit_code == exits.USAGE


def test_what_is_no_difference_of_meaning_is_called_that(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG DIFF"] = [{**DIFFERENCE, "changes": []}]
    assert "only comments, order or spelling" in plvsd.lvsm("config", "diff", "1").stdout
    plvsd.answers["CONFIG DIFF"] = [{**DIFFERENCE, "changes": None}]
    assert "keys that this version does not know" in plvsd.lvsm("config", "diff", "1").stdout
    plvsd.answers["CONFIG DIFF"] = [{**DIFFERENCE, "changes": [], "lines": []}]
    assert plvsd.lvsm("config", "diff", "2").stdout == "generation 1 -> 2: no difference\n"


def test_a_generation_that_is_not_there_is_an_error(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG DIFF"] = LvsmError("no generation '9'", code="unknown-generation")
    result = plvsd.lvsm("config", "diff", "9")
    assert (result.exit_code, result.stdout) == (exits.ERROR, "")
    assert "unknown-generation" in result.stderr
