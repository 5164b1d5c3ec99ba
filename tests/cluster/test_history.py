"""History, roll-back and editing by the real commands, on three nodes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from lvsm.cli import exits
from tests.cluster.conftest import boot
from tests.cluster.site import VIP, Site
from tests.lab.client import poll_until
from tests.lab.process import Result

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

FIRST = f"""\
# the shop
[cluster]
name = "www"

[vip.web]
address = "{VIP}"
ports = [80]
scheduler = "wrr"
directors = ["dir1", "dir2"]

[[vip.web.realserver]]
node = "rs1"
weight = 2
"""
EDITOR = "/tmp/editor"
TIMES = count()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = boot(tmp_path_factory.mktemp("three"), directors=2, realservers=1)
    yield site
    site.lab.down()


@pytest.fixture
def saved(three: Site) -> int:
    """FIRST is in use everywhere, as a new generation: its number."""
    text = f"{FIRST}# {next(TIMES)}\n"
    three.lvsm("dir1", "config", "save", "-", "--comment", "first", text=text)
    three.settle()
    return int(shown(three, "dir2")["generation"])


def shown(site: Site, node: str, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.lvsm(node, "config", "show", *words, "--json").out)
    return found


def history(site: Site, node: str) -> list[dict[str, Any]]:
    found = json.loads(site.lvsm(node, "config", "history", "--all", "--json").out)
    rows: list[dict[str, Any]] = found["items"]
    return rows


def edit(site: Site, node: str, script: str, *words: str) -> Result:
    """`lvsm config edit` with an editor that runs a script, whose $1 is the file."""
    site.lab.put(node, EDITOR, f"#!/bin/sh\n{script}\n".encode())
    site.lab.run(node, ["chmod", "700", EDITOR])
    argv = ["env", f"EDITOR={EDITOR}", "HOME=/root", "lvsm", "config", "edit", *words]
    return site.lab.run(node, argv, check=False, timeout=60)


def test_a_rollback_brings_the_kernel_back_and_forgets_nothing(three: Site, saved: int) -> None:
    before = three.table("dir1")
    three.lvsm("dir2", "vip", "set", "web", "--ports", "80,443", "--comment", "tls")
    poll_until(lambda: three.table("dir1") != before, 20, "nothing was changed")
    difference = three.lvsm("rs1", "config", "diff", str(saved)).text
    assert f"generation {saved} -> {saved + 1}: 1 change" in difference
    assert "~ vip web   ports 80 -> 80 443" in difference
    assert "-ports = [80]\n+ports = [80, 443]" in difference

    look = three.lvsm("rs1", "config", "rollback", str(saved), "--dry-run").text
    assert "-ports = [80, 443]\n+ports = [80]" in look
    assert shown(three, "rs1")["generation"] == saved + 1
    back = three.lvsm("rs1", "config", "rollback", str(saved), "--comment", "tls broke it")
    assert f"undo: lvsm config rollback {saved + 1}" in back.text
    poll_until(lambda: three.table("dir1") == before, 20, "the kernel is not as before")
    three.settle()

    histories = [history(three, node) for node in three.members]
    for rows in histories:
        told = [(row["generation"], row["comment"], row["state"]) for row in rows[:3]]
        assert told == [
            (saved + 2, "tls broke it", "in use"),
            (saved + 1, "tls", "saved"),
            (saved, "first", "saved"),
        ]
        assert [row["node"] for row in rows[:3]] == ["rs1", "dir2", "dir1"]
        assert [row["hash"] for row in rows] == [row["hash"] for row in histories[0]]
    assert shown(three, "dir2")["text"] == shown(three, "dir1", str(saved))["text"]
    unknown = three.lvsm("dir1", "config", "show", "9999", check=False)
    assert unknown.status == exits.ERROR
    assert "unknown-generation" in unknown.text


def test_an_edit_is_saved_and_mistakes_lose_nothing(three: Site, saved: int) -> None:
    done = edit(three, "dir2", 'sed -i "s/weight = 2/weight = 7/" "$1"', "--comment", "by hand")
    assert done.status in {exits.OK, exits.PARTIAL}, done.text
    poll_until(lambda: "-w 7" in three.table("dir1"), 20, "the weight is another")
    now = shown(three, "rs1")
    assert (now["comment"], now["text"].splitlines()[0]) == ("by hand", "# the shop")

    wrong = edit(three, "dir2", 'sed -i "s/wrr/warp/" "$1"')
    assert wrong.status == exits.ERROR
    assert 'scheduler = "warp"' in wrong.text
    kept = wrong.text.split("Your text is kept in ")[1].split(";")[0]
    assert 'scheduler = "warp"' in three.read("dir2", kept)
    assert shown(three, "dir2")["generation"] == saved + 1


def test_who_edits_while_another_saves_hears_of_it_and_keeps_the_text(
    three: Site, saved: int
) -> None:
    script = (
        "lvsm rs set web rs1 --weight 9 --comment mine >/dev/null\n"
        'sed -i "s/the shop/the other shop/" "$1"'
    )
    overtaken = edit(three, "dir1", script)
    assert overtaken.status == exits.CONFLICT, overtaken.text
    assert "-weight = 2\n+weight = 9\n" in overtaken.text
    assert f"generation {saved + 1} was saved by root on dir1" in overtaken.text
    kept = overtaken.text.split("Your text is kept in ")[1].split(";")[0]
    assert "the other shop" in three.read("dir1", kept)
    words = ["config", "save", kept, "--if-generation", str(saved)]
    refused = three.lvsm("dir1", *words, check=False)
    assert refused.status == exits.CONFLICT
    assert json.loads(three.lvsm("dir1", *words, "--json", check=False).err)["error"]["exit"] == (
        exits.CONFLICT
    )
    assert shown(three, "rs1")["generation"] == saved + 1


def test_a_save_that_a_node_does_not_have_yet_ends_with_6(three: Site, saved: int) -> None:
    three.lab.crash("rs1")
    words = ["config", "save", "-", "--json"]
    partial = three.lvsm("dir1", *words, text=FIRST + "# without rs1\n", check=False)
    assert partial.status == exits.PARTIAL, partial.text
    told = json.loads(partial.out)
    assert not told["complete"]
    assert "rs1" not in told["nodes"]
    three.lab.boot("rs1")
    three.settle()
    told = {}

    def complete() -> bool:
        again = three.lvsm("dir1", *words, text=FIRST + "# with rs1\n", check=False)
        told.update(json.loads(again.out))
        return again.status == exits.OK

    poll_until(complete, 60, "it is never complete")
    assert told["applied"] == ["dir1", "dir2", "rs1"]
