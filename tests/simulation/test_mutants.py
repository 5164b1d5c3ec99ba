"""A protocol that is broken in one place is found out, each within so many histories.

The laws would prove nothing if they could not fail: a mutant that survives fails its test.
"""

from __future__ import annotations

import re

import pytest

from tests.simulation import chaos
from tests.simulation.mutants import MUTANTS
from tests.simulation.parts import Parts

MOST = 4000
"""Histories in which a mutant has to be found; most are within a few dozen."""


def found_out(parts: Parts, said: str) -> int | None:
    """The first history in which the laws say that, None when there is none."""
    for seed in range(MOST):
        try:
            chaos.run(seed, parts=parts)
        except AssertionError as broken:
            if re.search(said, str(broken)):
                return seed
    return None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_found_out(mutant: str) -> None:
    parts, said = MUTANTS[mutant]
    assert found_out(parts, said) is not None, f"{mutant}: it survives {MOST} histories"
