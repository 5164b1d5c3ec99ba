"""`lvsm config check` and dry runs: the plan as people and programs read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lvsm.cli import exits
from tests.unit.cli.plvsd import FakePlvsd

WHOLE: dict[str, Any] = {
    "valid": True,
    "problems": [],
    "rendered": ["note"],
    "changed": True,
    "summary": "3 operations on 1 nodes",
    "nodes": [
        {
            "node": "dir1",
            "state": "planned",
            "reason": "",
            "operations": 2,
            "ends": 1,
            "moves": 4,
            "ends_by_vip": {"web": 1},
            "moves_by_vip": {"dns": 3, "web": 1},
            "problems": ["no interface"],
        },
        {"node": "dir2", "state": "unreachable", "reason": "no route"},
        {"node": "rs9", "state": "external", "reason": "LVSM changes nothing on it"},
    ],
}
STEPS: list[dict[str, Any]] = [
    {"node": "dir1", "command": "ipvsadm -D", "operation": {"op": "x"}, "ends": 1, "moves": 0},
    {"node": "dir1", "command": "ip addr del", "operation": {"op": "y"}, "ends": 0, "moves": 4},
]
TEXT = """\
note
dir1: 2 operations, 1 live connection would end (web 1), 4 live connections would move to another \
director (dns 3, web 1)
  ! no interface
  ipvsadm -D   # ends 1
  ip addr del   # moves 4
dir2: cannot be asked: no route
rs9: external: LVSM changes nothing on it
3 operations on 1 nodes
"""


def test_each_node_is_shown_with_its_steps_in_order(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG PLAN"] = [WHOLE, *STEPS]
    result = plvsd.lvsm("config", "check", "-", input="[cluster]\n")
    assert (result.exit_code, result.stdout) == (exits.OK, TEXT), result.output
    assert plvsd.only.literal == b"[cluster]\n"


@pytest.mark.parametrize("words", [["config", "check", "-"], ["config", "save", "-", "--dry-run"]])
def test_as_json_the_steps_stand_with_their_nodes(plvsd: FakePlvsd, words: list[str]) -> None:
    plvsd.answers["CONFIG PLAN"] = [WHOLE, *STEPS]
    document = json.loads(plvsd.lvsm(*words, "--json", input="").stdout)
    assert [len(node["steps"]) for node in document["nodes"]] == [2, 0, 0]
    assert document["nodes"][0]["steps"][0] == {
        key: value for key, value in STEPS[0].items() if key != "node"
    }


@pytest.mark.parametrize(
    ("valid", "changed", "plain", "detailed"),
    [
        (True, True, exits.OK, exits.CHANGES),
        (True, False, exits.OK, exits.OK),
        (False, False, exits.ERROR, exits.ERROR),
    ],
)
def test_the_detailed_exit_code_tells_a_change_from_none(
    plvsd: FakePlvsd, valid: bool, changed: bool, plain: int, detailed: int
) -> None:
    plvsd.answers["CONFIG PLAN"] = [{**WHOLE, "valid": valid, "changed": changed, "nodes": []}]
    assert plvsd.lvsm("config", "check", "-", input="").exit_code == plain
    found = plvsd.lvsm("config", "check", "-", "--detailed-exitcode", input="")
    assert found.exit_code == detailed
