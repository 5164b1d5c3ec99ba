"""Rise, fall, damping and staying in service: the table of `core/health`, against a slow model."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.check import Check, CheckType
from lvsm.core.health import (
    DAMPED_FROM,
    HALF_LIFE,
    BadHealthError,
    Member,
    Outcome,
    Result,
    after,
    decode,
    encode,
    held_back,
    kept_in_service,
    report,
    stale_after,
    verdicts,
)

CHECK = Check(type=CheckType.TCP, rise=2, fall=3)
UNDAMPED = replace(CHECK, damping=False)


def run(words: str, check: Check = UNDAMPED, every: float = 1.0) -> list[bool | None]:
    """What a member is after each result: `+` good, `-` bad, `?` could not be checked."""
    outcomes = {"+": Outcome.UP, "-": Outcome.DOWN, "?": Outcome.UNKNOWN}
    member: Member | None = None
    found: list[bool | None] = []
    for number, word in enumerate(words):
        result = Result(label="rs1", outcome=outcomes[word], reason="no" if word == "-" else "")
        member = after(member, result, check, number * every)
        found.append(None if member is None else member.up)
    return found


@pytest.mark.parametrize(
    ("words", "states"),
    [
        ("?", "."),
        ("+", "U"),
        ("-", "D"),
        ("+--+--+---", "UUUUUUUUUD"),
        ("-+-++", "DDDDU"),
        ("+--?-", "UUUUD"),
        ("-+?+", "DDDU"),
        ("+---++---++", "UUUDDUUUDDU"),
    ],
)
def test_a_member_follows_the_table(words: str, states: str) -> None:
    marks = {None: ".", True: "U", False: "D"}
    assert "".join(marks[state] for state in run(words)) == states


@given(
    st.lists(st.sampled_from("+-?"), max_size=40),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_it_changes_only_after_that_many_in_a_row(words: list[str], rise: int, fall: int) -> None:
    states = run("".join(words), replace(UNDAMPED, rise=rise, fall=fall))
    decided = [(w, s) for w, s in zip(words, states, strict=True) if w != "?"]
    up: bool | None = None
    for index, (word, state) in enumerate(decided):
        if up is None:
            up = word == "+"
        else:
            needed, sign = (fall, "-") if up else (rise, "+")
            lately = [w for w, _ in decided[max(0, index - needed + 1) : index + 1]]
            changed_at = max((i for i in range(index) if i and decided[i][1] != decided[i - 1][1]),
                             default=0)  # fmt: skip
            if lately == [sign] * needed and index - changed_at >= needed:
                up = not up
        assert state is up


def test_a_member_that_flaps_stays_out_until_its_penalty_is_low() -> None:
    states = run("+" + "---++" * 4, CHECK)
    assert states[5], "once or twice is no flapping"
    assert not states[-1]
    calm = run("+" + "---++" * 4 + "+" * 400, CHECK)
    assert calm[-1], "it comes back some time"
    assert run("+" + "---++" * 4, UNDAMPED)[-1]


def test_slow_changes_are_no_flapping() -> None:
    assert run("+" + "---++" * 20, CHECK, every=HALF_LIFE)[-1]


def test_the_clock_may_be_set_back() -> None:
    member = Member(up=False, since=1e6, penalty=DAMPED_FROM, marked=1e6, damped=True)
    assert held_back(member, CHECK, 0.0)
    assert not held_back(member, CHECK, 1e6 + 10 * HALF_LIFE)


def test_since_is_when_it_became_so_and_the_reason_is_the_last_one() -> None:
    def bad(reason: str) -> Result:
        return Result(label="rs1", outcome=Outcome.DOWN, reason=reason)

    member = after(None, bad("refused"), CHECK, 10.0)
    member = after(member, bad("timed out"), CHECK, 20.0)
    assert member is not None
    assert (member.since, member.reason) == (10.0, "timed out")
    assert after(member, bad("timed out"), CHECK, 30.0) is member


def test_a_report_changes_only_whom_it_names_and_forgets_who_is_gone() -> None:
    good = [Result(label=label, outcome=Outcome.UP) for label in ("rs1", "rs2", "stranger")]
    known = report({}, good, ("rs1", "rs2"), CHECK, 1.0)
    assert verdicts(known) == {"rs1": True, "rs2": True}
    assert report(known, good, ("rs1", "rs2"), CHECK, 2.0) is known
    assert report(known, (), ("rs2",), CHECK, 3.0).keys() == {"rs2"}


def test_several_results_of_one_member_in_a_report_count_each() -> None:
    known = report({}, [Result(label="a", outcome=Outcome.UP)], ("a",), CHECK, 1.0)
    bad = [Result(label="a", outcome=Outcome.DOWN, reason="no")] * 3
    assert verdicts(report(known, bad, ("a",), CHECK, 2.0)) == {"a": False}


labels = st.sampled_from("abcdef")
members = st.builds(Member, up=st.booleans(), since=st.integers(0, 5).map(float))


@given(st.lists(labels, unique=True), st.dictionaries(labels, members), st.integers(0, 7))
def test_min_up_of_them_stay_those_that_failed_last(
    wanted: list[str], known: dict[str, Member], least: int
) -> None:
    serving = kept_in_service(wanted, known, least)
    well = {label for label in wanted if label not in known or known[label].up}
    assert well <= serving <= set(wanted)
    assert len(serving) == max(len(well), min(least, len(wanted)))
    kept = [known[label].since for label in serving - well]
    left = [known[label].since for label in set(wanted) - serving]
    assert not kept or not left or min(kept) >= max(left)


@given(st.dictionaries(st.text(max_size=3), st.dictionaries(labels, members), max_size=3))
def test_what_is_kept_is_read_back(health: dict[str, dict[str, Member]]) -> None:
    assert decode(encode(health)) == health


@given(st.binary(max_size=60))
def test_junk_is_no_health(data: bytes) -> None:
    with contextlib.suppress(BadHealthError):
        decode(data)


def test_silence_is_noticed_after_some_intervals() -> None:
    assert stale_after(CHECK) > 3 * CHECK.interval + CHECK.timeout
