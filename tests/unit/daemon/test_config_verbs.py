"""CONFIG SAVE, ROLLBACK, HISTORY and DIFF on a real node of one; what Saves wait for, on a fake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lvsm.client import Client, RefusedError, connect
from lvsm.core.facts import Facts
from lvsm.core.generation import Generation
from lvsm.daemon import save_answers
from lvsm.daemon.saver import Saver
from lvsm.daemon.saves import Asked, Saved
from lvsm.daemon.view import Heard, View
from scripts.docs import node

WEB = '[vip.web]\naddress = "192.0.2.10/24"\nports = [80]\ndirectors = ["dir1"]\n'
TWO = WEB.replace("[80]", "[80, 443]")


def save(client: Client, text: str, **options: object) -> Mapping[str, Any]:
    [told] = client.request("CONFIG SAVE", options=options, literal=text.encode()).items
    return told


async def at_a_node(tmp_path: Path, work: Callable[[Client], None]) -> None:
    def over(port: int) -> None:
        with connect(f"127.0.0.1:{port}", password=node.PASSWORD) as client:
            work(client)

    async with node.running(tmp_path) as served:
        await asyncio.to_thread(over, served.port)


async def test_a_rollback_is_a_new_generation_with_an_older_text(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        assert save(client, WEB)["undo"] is None
        told = save(client, TWO, comment="tls")
        assert (told["generation"], told["undo"]) == (2, "lvsm config rollback 1")
        assert (told["nodes"], told["applied"], told["complete"]) == (["dir1"], ["dir1"], True)
        [back] = client.request("CONFIG ROLLBACK", "1").items
        assert (back["generation"], back["changed"]) == (3, True)
        assert back["summary"] == (
            "roll-back to generation 1 saved as generation 3; 1 of 1 nodes have it"
        )
        rows = client.request("CONFIG HISTORY").items
        assert [(row["generation"], row["comment"], row["state"]) for row in rows] == [
            (3, "roll-back to generation 1", "in use"),
            (2, "tls", "saved"),
            (1, "", "saved"),
        ]
        assert rows[0]["parent"] == rows[1]["hash"]
        [shown] = client.request("CONFIG SHOW").items
        assert shown["text"] == WEB
        [again] = client.request("CONFIG ROLLBACK", "3", options={"comment": "why"}).items
        assert (again["generation"], again["changed"]) == (3, False)

    await at_a_node(tmp_path, work)


async def test_a_rollback_is_refused_as_any_save_is(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        save(client, WEB)
        save(client, TWO)
        with pytest.raises(RefusedError) as refused:
            client.request("CONFIG ROLLBACK", "1", options={"base": 1})
        assert refused.value.code == "conflict"
        conflict = refused.value.items[0]["conflict"]
        assert {"-ports = [80]", "+ports = [80, 443]"} <= set(conflict["lines"])
        assert conflict["changes"][0]["values"] == {"ports": [[80], [80, 443]]}
        for word, code in (("9", "unknown-generation"), ("x", "unknown-generation")):
            with pytest.raises(RefusedError) as refused:
                client.request("CONFIG ROLLBACK", word)
            assert refused.value.code == code
        [told] = client.request("CONFIG SHOW").items
        assert told["generation"] == 2

    await at_a_node(tmp_path, work)


async def test_a_rollback_to_generation_0_saves_the_empty_text(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        save(client, WEB)
        [back] = client.request("CONFIG ROLLBACK", "0").items
        assert back["generation"] == 2
        [shown] = client.request("CONFIG SHOW").items
        assert shown["text"] == ""

    await at_a_node(tmp_path, work)


async def test_long_texts_are_compared_in_a_process_of_its_own(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        save(client, WEB)
        save(client, TWO + "# filled\n" * 10_000)
        [found] = client.request("CONFIG DIFF", "1", "2").items
        assert found["changes"][0]["values"] == {"ports": [[80], [80, 443]]}
        assert found["lines"].count("+# filled") == 10_000

    await at_a_node(tmp_path, work)


GENERATION = Generation(number=5, text=WEB)


class Site:
    """A node whose replicator has saved GENERATION on dir1 and dir2."""

    def __init__(self) -> None:
        self.view = View(me="dir1", members=("dir1", "dir2", "rs1"), generation=GENERATION)
        self.at = 0.0
        self.saver = Saver(replicator=self, view=self.view, clock=self)  # type: ignore[arg-type]

    async def save(self, _asked: Asked) -> Saved:
        have = frozenset({"dir1", "dir2"})
        return Saved(generation=GENERATION, nodes=have, changed=True)

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        self.at += 0.25
        return self.at

    def hear(self, name: str, programmed: str) -> None:
        facts = Facts(
            node=name, version="2", order=(1, 4, ""), eligible=True, programmed=programmed
        )
        self.view.heard[name] = Heard(facts=facts, at=self.at)

    async def answer(self) -> dict[str, Any]:
        saved = await self.saver.save(Asked(text=WEB, author="ann"))
        return save_answers.document(saved, self.view.members, what="www.toml")


async def test_a_save_is_complete_when_every_node_has_applied_it() -> None:
    site = Site()
    site.view.programmed = GENERATION.hash
    site.hear("dir2", GENERATION.hash)
    site.hear("rs1", GENERATION.hash)
    told = await site.answer()
    assert told["complete"]
    assert told["nodes"] == told["applied"] == ["dir1", "dir2", "rs1"]


async def test_who_does_not_apply_it_in_time_is_named() -> None:
    site = Site()
    site.view.programmed = GENERATION.hash
    site.hear("dir2", "another")
    told = await site.answer()
    assert not told["complete"]
    assert told["summary"] == (
        "www.toml saved as generation 5; 2 of 3 nodes have it, not yet rs1;"
        " dir2 did not apply it yet"
    )


async def test_a_node_that_went_on_to_a_newer_generation_has_applied_it() -> None:
    site = Site()
    site.view.generation = Generation(number=6, text="")
    facts = Facts(node="dir2", version="2", order=(1, 7, "x"), eligible=True)
    site.view.heard["dir2"] = Heard(facts=facts, at=0.0)
    assert (await site.answer())["applied"] == ["dir1", "dir2"]
