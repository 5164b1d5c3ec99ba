from __future__ import annotations

import pytest

from lvsm.core.generation import Generation
from lvsm.core.replication.confirming import Course
from lvsm.core.replication.serving import Serving
from lvsm.core.replication.unconfirmed import unconfirmed

HEAD = Generation(number=7, text="new", confirm_by=3600.0)


def test_there_is_nothing_to_say_of_what_a_majority_has() -> None:
    assert unconfirmed(Serving(generation=HEAD, missing=0), Course.SETTLED) == ""


@pytest.mark.parametrize(
    ("missing", "behind", "course", "says"),
    [
        (0, False, Course.HOLD, "generation 7 is rolled back at 01:00:00 UTC unless"),
        (2, False, Course.HOLD, "generation 7 is rolled back at 01:00:00 UTC unless"),
        (0, False, Course.ROLL_BACK, "it is being rolled back"),
        (1, False, Course.FALL_BACK, "to decide that 1 node is missing: what was there before"),
        (2, False, Course.SETTLED, "2 nodes are missing for a majority; nothing can be saved"),
        (0, True, Course.SETTLED, "generation 7 is not the newest"),
        (2, True, Course.SETTLED, "generation 7 is not the newest"),
    ],
)
def test_what_is_not_certain_is_said(missing: int, behind: bool, course: Course, says: str) -> None:
    served = Serving(generation=HEAD, missing=missing, behind=behind)
    said = unconfirmed(served, course)
    assert said.startswith("unconfirmed: ")
    assert says in said
