"""Saves on five nodes with real disks: nodes that are off, admins at once, power cuts, partitions.

After each test every Save that was acknowledged is looked for on the disk of every node.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import cycle

import pytest

from tests.cluster.conftest import boot
from tests.cluster.figures import Figures
from tests.cluster.replicas import TEXT, Replicas
from tests.cluster.site import VIP
from tests.lab.client import poll_until

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        "LVSM_LAB_SAVES" not in os.environ,
        reason="takes minutes and was not timed on a quiet machine yet: LVSM_LAB_SAVES=1 runs it",
    ),
]

ROUNDS = 100
STAGES = {
    0: "nothing is on the disk",
    1: "it has promised itself",
    2: "a majority has promised",
    3: "it has voted itself, and nobody was asked to",
    4: "a majority has voted",
    5: "the generation is in the history's folder",
    6: "before the state speaks of it",
    7: "it is committed here, and nobody was told",
}
"""What the coordinator has done when its power is cut: before and after each of its four files."""
DECIDED = 4
"""The first of them where the Save has come to be, though nobody was told."""
FILL = "/var/lib/lvsm/fill"


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    site = boot(tmp_path_factory.mktemp("five"), directors=2, realservers=3)
    yield Replicas(site)
    site.lab.down()


@pytest.fixture
def five(booted: Replicas) -> Iterator[Replicas]:
    """All five are up and agree; the same holds afterwards."""
    if not booted.acknowledged:
        assert booted.save("dir1", "# the first\n" + TEXT).ok
    booted.agreed()
    yield booted
    booted.nothing_is_lost()


def said(name: str) -> str:
    return f"# {name}\n{TEXT}"


def test_a_node_that_was_off_answers_with_what_was_saved_meanwhile(five: Replicas) -> None:
    five.site.lab.crash("rs3")
    for number in range(2):
        assert five.save("dir1", said(f"while rs3 was off, {number}")).ok
    five.site.lab.boot("rs3")
    with five.admin("rs3") as admin:
        (shown,) = admin.ask("CONFIG SHOW").items
        newest = shown["text"].startswith("# while rs3 was off, 1\n")
        assert newest or shown["unconfirmed"]  # where the machine is so busy that nobody answers


def test_of_two_admins_at_once_one_wins_each_time(five: Replicas, figures: Figures) -> None:
    base = int(five.agreed()["number"])
    times, wins = [], {"dir1": 0, "rs2": 0}
    with five.admin("dir1") as one, five.admin("rs2") as other:
        for number in range(ROUNDS):
            began = time.monotonic()
            for admin in (one, other):
                admin.send(f"CONFIG SAVE base={base}", said(f"{number} on {admin.node}"))
            answers = {admin.node: admin.answer() for admin in (one, other)}
            times.append(time.monotonic() - began)
            codes = sorted(answer.code for answer in answers.values())
            assert codes == ["OK", "conflict"], answers
            winner = next(node for node, answer in answers.items() if answer.ok)
            five.note(answers[winner], said(f"{number} on {winner}"))
            (lost,) = (a for a in answers.values() if not a.ok)
            conflict = lost.items[0]["conflict"]
            assert (conflict["generation"], conflict["node"]) == (base + 1, winner)
            assert f"+# {number} on {winner}" in conflict["changes"]
            wins[winner] += 1
            base += 1
    figures.add("two admins at once, both answered, s", sorted(times)[:: ROUNDS // 10])
    figures.add("of these, won by each", list(wins.values()))
    assert five.agreed()["number"] == base


def test_the_coordinator_s_power_is_cut_at_every_stage(five: Replicas) -> None:
    for stage, node in zip(STAGES, cycle(("rs1", "rs2", "rs3"))):
        others = [name for name in five.site.members if name != node]
        five.allow_faults(node)
        with five.admin(node) as admin:
            admin.ask("NOOP")
            five.agreed()
            five.stop_at(node, stage)
            admin.send("CONFIG SAVE", said(f"cut at {stage}"))
            poll_until(lambda n=node: five.stopped(n), 60, f"{node} does not stop at {stage}")  # type: ignore[misc]
            five.site.lab.crash(node)
        answer = five.save("dir1", said(f"after the cut at {stage}"))
        while answer.code == "conflict":  # what was begun is finished first
            answer = five.save("dir1", said(f"after the cut at {stage}"))
        assert answer.ok, answer
        five.agreed(others)
        decided = {text.partition("\n")[0] for (*_, text), sure in known(five) if sure}
        assert (f"# cut at {stage}" in decided) == (stage >= DECIDED), STAGES[stage]
        five.site.lab.boot(node)


def known(five: Replicas) -> list[tuple[tuple[int, int, str], bool]]:
    return list(five.generations("dir1").items())


def test_a_full_disk_refuses_before_the_acknowledgement_and_changes_nothing(five: Replicas) -> None:
    def everything() -> list[object]:
        disks = [five.disk(member) for member in five.site.members]
        told = [[disk["head"], disk["history"], disk.get("vote")] for disk in disks]
        return [*told, five.site.read("dir2", "/etc/ha.d/haresources")]

    before = everything()
    fill(five, "dir2")
    refused = five.save("dir2", said("no room"))
    assert refused.code == "os-error", refused
    assert "No space left" in refused.line
    assert everything() == before
    assert five.save("dir1", said("room on four of five")).ok
    five.site.lab.run("dir2", ["rm", FILL])
    five.agreed()
    assert five.save("dir2", said("room on all")).ok


def fill(five: Replicas, node: str) -> None:
    """Fill the disk: large blocks, then small ones."""
    script = f"for size in 1M 1k; do dd if=/dev/zero bs=$size >> {FILL} 2>/dev/null; done; sync"
    five.site.lab.run(node, ["sh", "-c", script + "; true"], timeout=120)


def test_both_sides_of_a_partition_save_and_the_forced_one_wins(five: Replicas) -> None:
    base = five.agreed()
    minority, majority = ["dir2", "rs3"], ["dir1", "rs1", "rs2"]
    five.site.lab.cut(minority, majority)
    try:
        assert five.save("dir1", said("by three of five")).ok
        refused = five.save("dir2", said("by two of five"))
        assert refused.code == "no-majority", refused
        assert "2 of the 5 nodes that decide took part, and it needs 3: 1 too few" in refused.line
        assert five.disk("dir2")["head"] == base
        forced = five.save("dir2", said("forced by two"), "force=yes")
        assert forced.ok, forced
        assert forced.items[0]["epoch"] > base.get("epoch", 1)
    finally:
        five.site.lab.heal(minority, majority)
    head = five.agreed()
    assert head["text"].startswith("# forced by two\n")
    for member in five.site.members:
        firsts = {text.partition("\n")[0] for *_, text in five.generations(member)}
        assert {"# by three of five", "# forced by two"} <= firsts


def test_what_nobody_confirms_is_rolled_back_without_the_node_that_saved_it(
    five: Replicas,
) -> None:
    before = five.agreed()
    assert five.save("rs1", said("to be confirmed"), "confirm=10").ok
    five.site.lab.crash("rs1")
    others = [name for name in five.site.members if name != "rs1"]
    poll_until(
        lambda: "rolled back" in five.agreed(others).get("comment", ""), 60, "nobody rolls back"
    )
    assert five.agreed(others)["text"] == before["text"]
    five.site.lab.boot("rs1")
    assert five.save("dir2", said("confirmed"), "confirm=600").ok
    with five.admin("rs3") as admin:
        assert admin.ask("CONFIG CONFIRM").ok
    assert five.agreed()["text"].startswith("# confirmed\n")


def test_two_of_five_serve_after_a_cold_start_and_refuse_saves(five: Replicas) -> None:
    assert five.save("dir1", said("before the cold start")).ok
    five.agreed()
    for member in five.site.members:
        five.site.lab.crash(member)
    for member in ("dir1", "rs1"):
        five.site.lab.boot(member)
    poll_until(lambda: five.site.holders("dir1") == ["dir1"], 90, "dir1 does not hold it")
    poll_until(lambda: asked(five) == b"rs1\n", 60, "rs1 does not answer for it")
    poll_until(
        lambda: "1 node is missing for a majority" in unconfirmed(five), 90, "nothing is said of it"
    )
    refused = five.save("rs1", said("by two of five after a cold start"))
    assert refused.code == "no-majority", refused
    for member in ("dir2", "rs2", "rs3"):
        five.site.lab.boot(member)
    poll_until(lambda: not unconfirmed(five), 90, "it stays unconfirmed")
    assert five.agreed()["text"].startswith("# before the cold start\n")


def asked(five: Replicas) -> bytes:
    """What the virtual service answers a client."""
    answered = five.site.lab.run("client", ["curl", "-sS", "-m2", f"http://{VIP}/"], check=False)
    return answered.out


def unconfirmed(five: Replicas) -> str:
    return str((five.site.status("dir1") or {}).get("unconfirmed", ""))
