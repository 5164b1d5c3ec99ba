from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.generation_events import used
from lvsm.core.model import Realserver
from lvsm.core.status import status
from lvsm.core.status_changes import ageless, realserver_changes
from tests.unit.core.test_status import CONFIGURATION, GENERATION, GOOD

statuses = st.dictionaries(
    st.sampled_from(["dir1", "dir2", "rs1"]), st.sampled_from(["active", "dead"])
)


def test_growing_older_is_no_change() -> None:
    later = replace(GOOD, now=GOOD.now + 100, held_for={"web": 161.0})
    assert status(later) != status(GOOD)
    assert ageless(status(later)) == ageless(status(GOOD))
    assert realserver_changes(status(GOOD), status(later)) == ()


@given(statuses, statuses)
def test_the_changes_lead_from_one_document_to_the_other(
    a: dict[str, str], b: dict[str, str]
) -> None:
    before, after = status(replace(GOOD, statuses=a)), status(replace(GOOD, statuses=b))
    changes = realserver_changes(before, after)
    old = {m["node"]: m["state"] for m in before["vips"][0]["realservers"]}
    new = {m["node"]: m["state"] for m in after["vips"][0]["realservers"]}
    assert {**old, **{c.realserver: c.state for c in changes}} == new
    assert {**new, **{c.realserver: c.was for c in changes}} == old


def test_a_dead_realserver_is_a_change_with_its_reason() -> None:
    dead = replace(GOOD, statuses={**GOOD.statuses, "rs1": "dead"})
    (change,) = realserver_changes(status(GOOD), status(dead))
    assert (change.vip, change.realserver, change.port) == ("web", "rs1", 80)
    assert (change.was, change.state) == ("up", "down")
    assert "dead" in change.reason


def test_a_realserver_that_came_or_went_is_a_change() -> None:
    web = CONFIGURATION.vips["web"]
    fewer = replace(
        CONFIGURATION, vips={"web": replace(web, realservers=(Realserver(node="rs1"),))}
    )
    one = status(replace(GOOD, configuration=fewer))
    (gone,) = realserver_changes(status(GOOD), one)
    (came,) = realserver_changes(one, status(GOOD))
    assert (gone.realserver, gone.was, gone.state) == ("old", "up", None)
    assert (came.realserver, came.was, came.state) == ("old", None, "up")


def test_a_generation_is_told_with_its_author_and_not_with_its_text() -> None:
    document = used(GENERATION).document()
    assert (document["generation"], document["author"], document["saved_on"]) == (
        4,
        "admin",
        "dir1",
    )
    assert GENERATION.hash == document["hash"]
    assert GENERATION.text not in document.values()
