"""What a text would do, planned by nodes on fake kernels that ask each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lvsm.core.change_plan import parts
from lvsm.core.conversation import Response
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts
from lvsm.core.generation import decode
from lvsm.core.model import Protocol
from lvsm.core.operations import ServiceKey
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.checking import Checked, check, heard
from lvsm.daemon.own_facts import own_facts
from lvsm.daemon.plan_verbs import PlanVerbs
from lvsm.daemon.planning import Planner
from lvsm.daemon.ports import Link
from tests.unit.daemon.nodes import Site
from tests.unit.daemon.replies import FakeReply

TEXT = """\
[node.rs1]
address = "10.0.0.61"
[node.rs2]
address = "10.0.0.62"
external = true
[vip.web]
address = "10.0.0.100"
ports = [80]
directors = ["dir1", "dir2"]
[[vip.web.realserver]]
node = "rs1"
[[vip.web.realserver]]
node = "rs2"
"""
KEY = ServiceKey(protocol=Protocol.TCP, address="10.0.0.100", port=80)


class PeerLink:
    """A connection to a node in this process, or one that answers `instead`."""

    broken = False

    def __init__(self, planner: Planner, instead: Response | None = None) -> None:
        self._planner = planner
        self._instead = instead

    async def request(
        self,
        verb: str,
        literal: bytes | None = None,
        *,
        timeout: float = 0.0,  # noqa: ASYNC109  as the port has it
    ) -> Response:
        assert verb == "PEER PLAN"
        assert timeout < 30
        if self._instead is not None:
            return self._instead
        found = await self._planner.here(decode(literal or b""))
        return Response(items=tuple(parts(found)))

    async def close(self) -> None:
        pass


def planner(site: Site, others: Mapping[str, Planner]) -> Planner:
    view = site.view

    async def dial(node: str) -> Link:
        if node not in others:
            raise LvsmError(f"{node} is not there", code="unreachable")
        return PeerLink(others[node])

    def checked(text: str) -> Checked:
        facts: dict[str, Facts] = heard(view, own_facts(view, "eth0", tuple))
        return check(text, members=view.members, facts=facts, present=view.configuration)

    return Planner(
        view=view,
        kernel=site.kernel,
        clock=site.clock,
        check=checked,
        dial=dial,
        fallback_interface="eth0",
    )


async def standing() -> tuple[Site, Site]:
    """Dir1 holds the service, dir2 stands by."""
    first, second = Site(), Site(me="dir2")
    first.hear("dir2")
    first.hear("rs1", eligible=False)
    second.hear("dir1", holds=True)
    second.hear("rs1", eligible=False)
    await first.turns()
    await second.turns()
    return first, second


async def ask(verbs: PlanVerbs, text: str) -> FakeReply:
    reply = FakeReply()
    request = Request(
        principal=Principal(name="ann", kind="user"),
        verb="CONFIG PLAN",
        args=(),
        options={},
        literal=text.encode(),
        origin="",
    )
    assert await verbs.config_plan(request, reply)
    return reply


async def planned(text: str) -> FakeReply:
    first, second = await standing()
    first.kernel.kernel.ipvs.active[KEY, "10.0.0.61"] = 4
    mine = planner(first, {"dir2": planner(second, {})})
    verbs = PlanVerbs(view=first.view, planner=mine, check=mine._check)
    before = [site.kernel.kernel.read() for site in (first, second)]
    reply = await ask(verbs, text)
    assert [site.kernel.kernel.read() for site in (first, second)] == before
    return reply


async def test_each_node_plans_for_itself_and_who_cannot_be_asked_is_named() -> None:
    document, *steps = (await planned(TEXT)).items
    assert document["changed"]
    assert [(one["node"], one["state"]) for one in document["nodes"]] == [
        ("dir1", "planned"),
        ("dir2", "planned"),
        ("rs1", "unreachable"),
        ("rs2", "external"),
    ]
    assert "rs1 is not there" in document["nodes"][2]["reason"]
    assert {(step["node"], step["command"]) for step in steps} == {
        (node, "ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.62:80 -g -w 1") for node in ("dir1", "dir2")
    }
    assert steps[0]["operation"]["op"] == "add_destination"
    assert document["summary"].endswith(
        "2 operations on 2 nodes, 0 live connections would end; rs1 cannot be asked"
    )


async def test_the_connections_that_would_end_are_counted_where_they_live() -> None:
    text = TEXT.replace('[[vip.web.realserver]]\nnode = "rs1"\n', "")
    document, *steps = (await planned(text)).items
    assert [one["ends"] for one in document["nodes"]] == [4, 0, 0, 0]
    assert document["nodes"][0]["ends_by_vip"] == {"web": 4}
    assert [step["ends"] for step in steps if step["node"] == "dir1"] == [0, 4]


async def test_a_text_with_mistakes_has_no_plan() -> None:
    [document] = (await planned(TEXT.replace('"wlc"', "").replace("80", "0"))).items
    assert not document["valid"]
    assert document["nodes"] == []


async def test_a_changed_list_of_directors_moves_the_address_and_its_connections() -> None:
    text = TEXT.replace('["dir1", "dir2"]', '["dir2"]')
    document, *steps = (await planned(text)).items
    commands = {
        node: [s["command"] for s in steps if s["node"] == node] for node in ("dir1", "dir2")
    }
    assert "ip addr del 10.0.0.100/32 dev eth0" in commands["dir1"]
    assert "ip addr add 10.0.0.100/32 dev eth0" in commands["dir2"]
    assert document["nodes"][0]["ends"] == 4  # dir1 is no director of it any more


async def test_the_present_text_again_changes_nothing() -> None:
    site = Site()
    site.hear("dir2")
    site.hear("rs1", eligible=False)
    mine = planner(site, {})
    verbs = PlanVerbs(view=site.view, planner=mine, check=mine._check)
    checked = mine._check(TEXT)
    draft = mine.draft(checked)
    site.view.generation = draft
    site.view.configuration = checked.configuration or site.view.configuration
    await site.turns()
    document, *steps = (await ask(verbs, TEXT)).items
    assert (document["changed"], steps) == (False, [])
    commented, *_ = (await ask(verbs, TEXT + "# why\n")).items
    assert commented["changed"]


async def test_a_peer_that_answers_nonsense_is_named_and_no_plan_invented() -> None:
    first, second = await standing()
    other = planner(second, {})

    mine = planner(first, {"dir2": other})

    async def dial(node: str) -> Link:
        return PeerLink(other, Response(items=({"ends": "many"},)))

    mine._dial = dial
    found = await mine.everywhere(mine._check(TEXT))
    assert {one.state for one in found if one.node == "dir2"} == {"unreachable"}


@pytest.mark.parametrize("watched", [True, False])
async def test_before_heartbeat_is_known_who_holds_stays(watched: bool) -> None:
    first, _ = await standing()
    first.view.watched = watched
    first.view.statuses["dir1"] = "dead"
    mine = planner(first, {})
    found = await mine.here(mine.draft(mine._check(TEXT)))
    assert "ip addr del" not in " ".join(step.command for step in found.steps)
