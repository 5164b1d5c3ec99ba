"""Events and records of the audit log as lines for people: when, where, what.

Law: what is not known here is shown as JSON rather than not at all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lvsm.cli.output import Output

Document = Mapping[str, Any]


def local_time(seconds: float) -> str:
    """Seconds since 1970 as this machine's people write them, to the second."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def line(document: Document, output: Output) -> str:
    """An event or record in a line, or in a few."""
    if document.get("event") == "resync":
        return "some events may be missing here; what follows is how things are now"
    at = document.get("at")
    when = local_time(at) if isinstance(at, int | float) else "-"
    return f"{when}  {document.get('node', '-')}  {_text(document, output)}"


def _text(document: Document, output: Output) -> str:
    teller = _TELLERS.get(str(document.get("event")))
    try:
        if teller is not None:
            return teller(document, output)
        return str(document["text"])
    except (KeyError, TypeError):
        return json.dumps(dict(document))


def _change(record: Document, output: Output) -> str:
    options = "".join(f" {key}={json.dumps(value)}" for key, value in record["options"].items())
    words = "".join(f" {word}" for word in record["args"])
    hidden = " …" if record["hidden"] else ""
    before, after = record["before"]["number"], record["after"]["number"]
    moved = "" if before == after else f", generation {before} -> {after}"
    who = f"{record['who']['name']} ({record['origin']})"
    result = output.state(record["result"])
    return f"{who}: {record['verb']}{words}{options}{hidden}: {result}{moved}"


def _login_refused(record: Document, output: Output) -> str:
    return f"{output.state('login refused')}: {record['name']} from {record['origin']}"


def _more_refused(record: Document, output: Output) -> str:
    more = "more than " if record["uncounted"] else ""
    some = ", ".join(record["some"])
    refused = output.state("refused")
    return f"{record['count']} more {refused}, from {more}{record['origins']} addresses: {some}"


def _status(event: Document, output: Output) -> str:
    """The sentence that `lvsm status` begins with; its first word is the state."""
    status = event["status"]
    state, sentence = str(status["state"]), str(status["sentence"])
    if sentence.startswith(state):
        sentence = output.state(state) + sentence.removeprefix(state)
    return f"{status['cluster']}: {sentence}"


def _generation(event: Document, _output: Output) -> str:
    if event["generation"] == 0:
        return "no configuration has been saved yet"
    comment = f": {json.dumps(event['comment'])}" if event["comment"] else ""
    return (
        f"generation {event['generation']}, saved by {event['author']} on"
        f" {event['saved_on']}{comment}"
    )


def _health(event: Document, output: Output) -> str:
    """The snapshot: how many are in each state, and which are not up."""
    found = event["realservers"]
    if not found:
        return "no realservers"
    counts = Counter(member["state"] for member in found)
    told = ", ".join(f"{count} {output.state(state)}" for state, count in sorted(counts.items()))
    others = [
        f"\n  {member['realserver']} in {member['vip']}: {output.state(member['state'])}"
        + (f" ({member['reason']})" if member["reason"] else "")
        for member in found
        if member["state"] != "up"
    ]
    return f"realservers: {told}{''.join(others)}"


def _realserver(event: Document, output: Output) -> str:
    was, state = event["was"] or "not there", event["state"] or "removed"
    reason = f" ({event['reason']})" if event["reason"] else ""
    name = f"{event['realserver']} in {event['vip']}"
    return f"{name}: {output.state(was)} -> {output.state(state)}{reason}"


_TELLERS: Mapping[str, Callable[[Document, Output], str]] = {
    "change": _change,
    "login-refused": _login_refused,
    "more-refused": _more_refused,
    "status": _status,
    "health": _health,
    "generation": _generation,
    "realserver": _realserver,
}
