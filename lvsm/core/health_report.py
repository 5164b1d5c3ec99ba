"""A monitor's report: one line a realserver, parsed and rendered side by side.

    line = label " " ( "up" / "down" / "unknown" ) [ " " reason ] "\\n"

Law: whatever a monitor sends, a report is read whole or refused whole; parse(render(x)) == x.
"""

from __future__ import annotations

from collections.abc import Iterable

from lvsm.core.errors import LvsmError
from lvsm.core.health import LONGEST_REASON, Outcome, Result

MOST_LINES = 20_000
LONGEST_LABEL = 80
OUTCOMES = frozenset(outcome.value for outcome in Outcome)


class BadReportError(LvsmError):
    """A report that no monitor of this version makes."""

    code = "bad-report"


def parse(text: str) -> tuple[Result, ...]:
    """The results of a report; raises BadReportError with the number of the line."""
    lines = text.removesuffix("\n").split("\n") if text else []
    if len(lines) > MOST_LINES:
        raise BadReportError(f"a report of {len(lines)} lines is over the limit of {MOST_LINES}")
    return tuple(_parsed(line, number) for number, line in enumerate(lines, 1))


def _parsed(line: str, number: int) -> Result:
    label, _, rest = line.partition(" ")
    word, _, reason = rest.partition(" ")
    if not label or len(label) > LONGEST_LABEL or word not in OUTCOMES:
        raise BadReportError(f"line {number}: `{line[:60]}` is no result")
    return Result(label=label, outcome=Outcome(word), reason=_printable(reason))


def _printable(reason: str) -> str:
    """A reason as people may see it: servers choose parts of it."""
    cut = reason[:LONGEST_REASON]
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else "?" for c in cut)


def render(results: Iterable[Result]) -> str:
    """Results as a report."""
    return "".join(
        f"{entry.label} {entry.outcome}{f' {entry.reason}' if entry.reason else ''}\n"
        for entry in results
    )
