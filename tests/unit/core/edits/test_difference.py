from __future__ import annotations

from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.edits.difference import difference

NAMES = ("generation 1", "dry run")
lines = st.lists(st.sampled_from(("a", "b", "c", "")), max_size=12)


def test_one_change_is_shown_as_diff_shows_it() -> None:
    old = [f"line {n}" for n in range(40)]
    new = [*old[:20], "new", *old[21:]]
    expected = list(unified_diff(old, new, *NAMES, lineterm=""))
    assert difference("\n".join(old), "\n".join(new), names=NAMES) == expected


@given(lines, lines)
def test_a_difference_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    old, new = old or [""], new or [""]
    found = difference("\n".join(old), "\n".join(new), names=NAMES)
    assert bool(found) == (old != new)
    if found:
        start = int(found[2].split(",")[0].removeprefix("@@ -")) - 1
        had = [line[1:] for line in found[3:] if line[0] in " -"]
        has = [line[1:] for line in found[3:] if line[0] in " +"]
        assert old[start : start + len(had)] == had
        assert [*old[:start], *has, *old[start + len(had) :]] == new
