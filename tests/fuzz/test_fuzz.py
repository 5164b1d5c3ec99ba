"""Every target for a moment, always the same inputs; `make fuzz` goes on for longer.

And the fuzzer itself: it finds what was planted, or its silence would mean nothing.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from lvsm.core.errors import LvsmError
from tests.fuzz.engine import Fuzzer
from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target, law
from tests.fuzz.targets import TARGETS

INPUTS = 150


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_target_keeps_its_laws(name: str) -> None:
    target = replace(TARGETS[name], most=2_000)
    report = Fuzzer(target, seed=1).run(inputs=INPUTS, seconds=10.0)
    assert report.findings == []
    assert report.kinds > 1


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_seeds_and_the_grammar_get_past_the_first_refusal(name: str) -> None:
    taken = 0
    for data in TARGETS[name].seeds:
        try:
            TARGETS[name].run(data)
        except LvsmError:
            continue
        taken += 1
    assert taken


def _target(run: object) -> Target:
    return Target(
        name="planted",
        run=run,  # type: ignore[arg-type]  # a lambda
        make=lambda rng: rng.randbytes(rng.randint(1, 30)),
        seeds=(b"seed=1",),
        words=(b"magic", b"=", b"a", b"b", b"c"),
        most=2_000,
    )


def _crash(data: bytes) -> int:
    if b"magic" in data:
        raise LvsmError("refused")
    return int(b"=" in data and data.count(b"\xff") and data[10_000])


def test_an_exception_of_another_root_is_found_once() -> None:
    report = Fuzzer(_target(_crash), seed=1).run(inputs=5_000, seconds=20.0)
    (finding,) = report.findings
    assert finding.error.startswith("IndexError")
    assert b"\xff" in finding.data
    assert report.refused > 10


def test_a_broken_law_is_found() -> None:
    target = _target(lambda data: law(not data.endswith(b"magic"), "it ends in magic"))
    (finding,) = Fuzzer(target, seed=1).run(inputs=2_000, seconds=20.0).findings
    assert finding.error == "broken law: it ends in magic"


def test_work_that_grows_with_the_square_of_its_input_is_found() -> None:
    def slow(data: bytes) -> int:
        count = data.count(b"=")
        return sum(1 for _ in range(count) for _ in range(count))

    report = Fuzzer(_target(slow), seed=1).run(inputs=1_000, seconds=20.0)
    assert "times as long as usual" in report.findings[0].error


def test_the_same_seed_draws_the_same_inputs() -> None:
    def drawn(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        Fuzzer(_target(seen.append), seed).run(inputs=100, seconds=10.0)
        return seen[:100]

    assert drawn(3) == drawn(3) != drawn(4)


def test_no_mutation_makes_an_input_longer_than_it_may_be() -> None:
    target, rng = TARGETS["lines"], Random(1)
    for _ in range(500):
        assert len(mutated(b"STATUS", target, target.seeds, rng)) <= target.most
