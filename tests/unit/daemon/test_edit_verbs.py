"""CONFIG EDIT: what is saved, what happens when others save at the same time, what is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lvsm.client import Client, RefusedError, connect
from lvsm.core.edits.forms import AddRealserver, AddVip, Edit, EditError, SetVip, encode
from lvsm.core.errors import LvsmError
from lvsm.core.generation import Generation
from lvsm.core.messages import BadRequestError
from lvsm.core.principal import local_principal
from lvsm.core.session_actions import Request
from lvsm.daemon import checking
from lvsm.daemon.checking import Checked
from lvsm.daemon.edit_verbs import Draft, EditVerbs
from lvsm.daemon.save_errors import ConflictError, InvalidError
from lvsm.daemon.saves import Saved
from lvsm.daemon.view import View
from scripts.docs import node
from tests.unit.daemon.replies import FakeReply

TEXT = """\
[node.rs1]
address = "10.1.0.21"

# the shop
[vip.web]
address = "192.0.2.10/24"
ports = [80]
directors = ["dir1"]

[[vip.web.realserver]]
node = "rs1"
"""
OTHERS = TEXT.replace("10.1.0.21", "10.1.0.22")
"""What somebody else saved meanwhile, elsewhere in the text."""
RR = SetVip(vip="web", values={"scheduler": "rr"})


def check(text: str) -> Checked:
    return checking.check(text, members=("dir1", "rs1"), facts={})


class Site:
    """Verbs with a replicator before which others may come."""

    def __init__(self, *others: str) -> None:
        self.view = View(me="dir1", members=("dir1", "rs1"))
        self.view.generation = Generation(number=4, text=TEXT, author="bob", node="dir1")
        self.drafts: list[Draft] = []
        self._others = list(others)
        self.verbs = EditVerbs(view=self.view, save=self.save, check=check)
        self.reply = FakeReply()

    async def save(self, draft: Draft) -> Saved:
        self.drafts.append(draft)
        if self._others:
            self.use(self._others.pop(0))
        present = self.view.generation
        if draft.base != present:
            raise ConflictError("another came first")
        checked = check(draft.text)
        if checked.errors:
            raise InvalidError("1 mistake, nothing was saved", checked.errors)
        changed = draft.text != present.text
        if changed:
            self.use(draft.text)
        have = frozenset({"dir1"})
        return Saved(generation=self.view.generation, nodes=have, changed=changed, applied=have)

    def use(self, text: str) -> None:
        number = self.view.generation.number + 1
        self.view.generation = Generation(number=number, text=text, author="ann", node="dir1")

    async def edit(self, edit: Edit | bytes, **options: str) -> dict[str, Any]:
        body = edit if isinstance(edit, bytes) else encode(edit)
        request = Request(
            verb="CONFIG EDIT",
            args=(),
            options=options,
            literal=body,
            principal=local_principal(0, "root"),
            origin="here",
        )
        await self.verbs.config_edit(request, self.reply)
        return self.reply.items[-1]


async def test_an_edit_is_saved_as_a_text_with_one_line_more() -> None:
    site = Site()
    told = await site.edit(RR, comment="why")
    [draft] = site.drafts
    assert draft.text == TEXT.replace('["dir1"]\n', '["dir1"]\nscheduler = "rr"\n')
    assert (draft.base.number, draft.author, draft.comment) == (4, "root", "why")
    assert (told["generation"], told["changed"], told["nodes"]) == (5, True, ["dir1"])
    assert told["summary"] == (
        "vip set web scheduler=rr: saved as generation 5; 1 of 2 nodes have it, not yet rs1"
    )


async def test_without_a_comment_the_history_says_what_was_asked_for() -> None:
    site = Site()
    await site.edit(RR)
    assert site.drafts[0].comment == "vip set web scheduler=rr"


async def test_what_is_so_already_makes_no_generation() -> None:
    site = Site()
    await site.edit(RR)
    told = await site.edit(RR)
    assert (told["generation"], told["changed"]) == (5, False)


async def test_it_is_made_again_in_what_others_saved_elsewhere() -> None:
    site = Site(OTHERS)
    told = await site.edit(RR)
    assert told["generation"] == 6
    assert "10.1.0.22" in site.view.generation.text
    assert 'scheduler = "rr"' in site.view.generation.text
    assert [draft.base.number for draft in site.drafts] == [4, 5]


async def test_it_is_made_again_once() -> None:
    site = Site(OTHERS, TEXT)
    with pytest.raises(ConflictError):
        await site.edit(RR)
    assert len(site.drafts) == 2


@pytest.mark.parametrize("others", [TEXT + "weight = 9\n", ""])
async def test_what_others_did_to_the_same_service_is_not_overwritten(others: str) -> None:
    site = Site(others)
    with pytest.raises(ConflictError):
        await site.edit(RR)
    assert site.view.generation.text == others


async def test_who_names_a_generation_has_it_made_in_that_one_or_not_at_all() -> None:
    site = Site(OTHERS)
    with pytest.raises(ConflictError):
        await site.edit(RR, base="4")
    assert len(site.drafts) == 1
    for base in ("4", "6"):
        with pytest.raises(ConflictError, match="generation 5, saved by ann"):
            await site.edit(RR, base=base)
    assert len(site.drafts) == 1
    assert (await site.edit(RR, base="5"))["generation"] == 6


async def test_a_broken_rule_is_told_with_the_place_in_the_changed_text() -> None:
    site = Site()
    with pytest.raises(EditError) as caught:
        await site.edit(AddRealserver(vip="web", node="rs1", values={"port": 80}))
    assert caught.value.code == "invalid"
    [item] = site.reply.items
    assert item["code"] == "repeated-realserver"
    assert 'node = "rs1"' in item["rendered"]
    assert "the changed configuration:" in item["rendered"]
    assert site.view.generation.number == 4


@pytest.mark.parametrize(
    ("body", "options", "kind", "code"),
    [
        (b"{}", {}, EditError, "bad-edit"),
        (encode(SetVip(vip="wbe")), {}, EditError, "unknown-name"),
        (encode(RR), {"base": "x"}, BadRequestError, "bad-request"),
        (encode(RR), {"force": "yes"}, BadRequestError, "bad-request"),
    ],
)
async def test_what_cannot_be_changes_nothing(
    body: bytes, options: dict[str, str], kind: type[LvsmError], code: str
) -> None:
    site = Site()
    with pytest.raises(kind) as caught:
        await site.edit(body, **options)
    assert caught.value.code == code
    assert site.drafts == []


def over(port: int, work: Callable[[Client], None]) -> None:
    with connect(f"127.0.0.1:{port}", password=node.PASSWORD) as client:
        work(client)


async def test_a_real_node_edits_and_records_who_did(tmp_path: Path) -> None:
    web = AddVip(
        vip="web", values={"address": "192.0.2.10/24", "ports": (80,), "directors": ("dir1",)}
    )

    def work(client: Client) -> None:
        [made] = client.request("CONFIG EDIT", literal=encode(web)).items
        assert (made["generation"], made["changed"]) == (1, True)
        off = encode(SetVip(vip="web", values={"enabled": False}))
        client.request("CONFIG EDIT", options={"base": 1, "comment": "night"}, literal=off)
        with pytest.raises(RefusedError) as refused:
            client.request("CONFIG EDIT", literal=encode(SetVip(vip="wbe")))
        assert (refused.value.code, "'web'" in refused.value.message) == ("unknown-name", True)
        [shown] = client.request("CONFIG SHOW").items
        assert (shown["generation"], shown["comment"]) == (2, "night")
        assert shown["text"].endswith('directors = ["dir1"]\nenabled = false\n')
        records = client.request("AUDIT SHOW", options={"limit": 3}).items
        edits = [r for r in records if r.get("verb") == "CONFIG EDIT"]
        assert [r["result"] for r in edits] == ["ok", "ok", "unknown-name"], json.dumps(edits)
        assert edits[1]["options"] == {"base": "1", "comment": "night"}

    async with node.running(tmp_path) as served:
        await asyncio.to_thread(over, served.port, work)
