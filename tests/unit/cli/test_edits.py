from __future__ import annotations

import json

import pytest

from lvsm.cli import exits
from lvsm.core.edits.forms import (
    AddRealserver,
    AddVip,
    Edit,
    RemoveRealserver,
    RemoveVip,
    SetRealserver,
    SetVip,
    decode,
)
from lvsm.core.errors import LvsmError
from tests.unit.cli.plvsd import FakePlvsd

TEXT = '[vip.web]\naddress = "192.0.2.10"  # shop\nports = [80]\ndirectors = ["dir1"]\n'
SAVED = {"generation": 5, "changed": True, "nodes": ["dir1"], "rendered": [], "summary": "saved"}
CHECKED = {
    "valid": True,
    "problems": [],
    "rendered": [],
    "summary": "it could be saved",
    "changed": True,
    "nodes": [],
}


@pytest.mark.parametrize(
    ("words", "edit"),
    [
        (
            "vip add 1 --ports 80,443 --directors 1,dir2 --address 192.0.2.1 --one-packet yes",
            AddVip(
                vip="1",
                values={
                    "address": "192.0.2.1",
                    "ports": (80, 443),
                    "one_packet": True,
                    "directors": ("1", "dir2"),
                },
            ),
        ),
        (
            "vip set web --ports all --persistence 60 --unset flags",
            SetVip(vip="web", values={"ports": "all", "persistence": 60, "flags": None}),
        ),
        ("vip remove web --yes", RemoveVip(vip="web")),
        ("vip enable web", SetVip(vip="web", values={"enabled": None})),
        ("vip disable web", SetVip(vip="web", values={"enabled": False})),
        ("rs add web rs1", AddRealserver(vip="web", node="rs1")),
        (
            "rs set web rs1 --at 80 --weight 0",
            SetRealserver(vip="web", node="rs1", port=80, values={"weight": 0}),
        ),
        ("rs remove web rs1 --yes", RemoveRealserver(vip="web", node="rs1")),
    ],
)
def test_a_command_asks_for_its_edit(plvsd: FakePlvsd, words: str, edit: Edit) -> None:
    plvsd.answers["CONFIG EDIT"] = [SAVED]
    result = plvsd.lvsm(*words.split())
    assert (result.exit_code, result.stdout) == (exits.OK, "saved\n"), result.output
    assert plvsd.only.literal is not None
    assert decode(plvsd.only.literal) == edit


def test_comment_and_generation_go_along(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG EDIT"] = [SAVED]
    words = ("vip", "enable", "web", "--comment", "why not", "--if-generation", "4", "--json")
    assert json.loads(plvsd.lvsm(*words).stdout)["generation"] == 5
    assert plvsd.only.options == {"base": "4", "comment": "why not"}


def test_a_dry_run_shows_the_difference_and_saves_nothing(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG SHOW"] = [{"generation": 4, "text": TEXT}]
    plvsd.answers["CONFIG PLAN"] = [CHECKED]
    result = plvsd.lvsm("vip", "set", "web", "--ports", "81", "--dry-run")
    assert result.exit_code == exits.OK
    assert "--- generation 4\n+++ dry run\n" in result.stdout
    assert '"192.0.2.10"  # shop\n-ports = [80]\n+ports = [81]\n' in result.stdout
    assert [request.verb for request in plvsd.requests] == ["CONFIG SHOW", "CONFIG PLAN"]
    assert plvsd.requests[-1].literal == TEXT.replace("80", "81").encode()


def test_a_dry_run_ends_as_the_change_would(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG SHOW"] = [{"generation": 4, "text": TEXT}]
    plvsd.answers["CONFIG PLAN"] = [{**CHECKED, "valid": False}]
    assert plvsd.lvsm("vip", "disable", "web", "--dry-run").exit_code == exits.ERROR
    stale = plvsd.lvsm("vip", "disable", "web", "--dry-run", "--if-generation", "3")
    assert stale.exit_code == exits.CONFLICT
    wrong = plvsd.lvsm("vip", "disable", "wbe", "--dry-run")
    assert wrong.exit_code == exits.ERROR
    assert "Did you mean 'web'?" in wrong.stderr


def test_a_refusal_is_told(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG EDIT"] = LvsmError("another came first", code="conflict")
    result = plvsd.lvsm("rs", "set", "web", "rs1", "--weight", "3")
    assert result.exit_code == exits.CONFLICT
    assert result.stderr == "lvsm: another came first (conflict)\n"


@pytest.mark.parametrize(
    "words",
    [
        "vip set web",
        "rs set web rs1",
        "vip add web --ports 80",
        "vip set web --scheduler best",
        "vip set web --enabled maybe",
        "vip set web --unset address",
        "vip set web --persistence 3 --unset persistence",
    ],
)
def test_a_wrong_command_line_asks_nobody(plvsd: FakePlvsd, words: str) -> None:
    assert plvsd.lvsm(*words.split()).exit_code == exits.USAGE
    assert plvsd.requests == []


@pytest.mark.parametrize("words", ["vip remove web", "rs remove web rs1"])
def test_removing_is_confirmed(plvsd: FakePlvsd, words: str) -> None:
    assert plvsd.lvsm(*words.split()).exit_code == exits.ERROR
    assert plvsd.requests == []
