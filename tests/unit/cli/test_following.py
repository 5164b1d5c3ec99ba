"""lvsm audit, watch and cert, over the real protocol; what goes on ends by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core.audit import document
from lvsm.core.events import TOPICS
from lvsm.core.moments import iso
from tests.unit.cli.plvsd import FakePlvsd, lvsm
from tests.unit.cli.test_telling import CHANGE

STATUS = {"cluster": "www", "state": "OK", "sentence": "OK. Fine."}
EVENTS = [
    {"event": "status", "node": "dir1", "at": 1.0, "status": STATUS},
    {"event": "status", "node": "dir1", "at": 2.0, "status": {**STATUS, "age": 1}},
    {"event": "group-taken", "node": "dir1", "at": 3.0, "text": "took web: first"},
    {"event": "status", "node": "dir1", "at": 4.0, "status": {**STATUS, "sentence": "OK. Well."}},
]
CERT = {
    "node": "dir1",
    "subject": "CN=dir1",
    "fingerprint": "AB:CD",
    "not_before": "2025-11-25T10:00:00.000Z",
    "not_after": "2045-11-20T10:00:00.000Z",
    "days_left": 7299,
}


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`lvsm WORDS` as a process of its own, which writes into pipes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lvsm.cli.main", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TZ": "UTC"},
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


def stopped(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Press Ctrl-C; the exit code and what was said."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    return process.returncode, said.strip()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def test_watching_goes_on_until_it_is_stopped(plvsd: FakePlvsd) -> None:
    plvsd.answers["WATCH"], plvsd.events["WATCH"] = [], EVENTS
    with started("--node", str(plvsd.socket), "watch") as process:
        assert lines(process, 3) == [
            "1970-01-01 00:00:01  dir1  www: OK. Fine.",
            "1970-01-01 00:00:03  dir1  took web: first",
            "1970-01-01 00:00:04  dir1  www: OK. Well.",
        ]
        assert stopped(process) == (exits.INTERRUPTED, "Stopped.")
    assert plvsd.only.args == tuple(TOPICS)


def test_watching_for_programs_is_a_line_for_each_event(plvsd: FakePlvsd) -> None:
    plvsd.answers["WATCH"], plvsd.events["WATCH"] = [], EVENTS
    with started("--node", str(plvsd.socket), "watch", "status", "--json") as process:
        found = [json.loads(line) for line in lines(process, 4)]
        assert found == [{"schema_version": 1, **event} for event in EVENTS]
        assert stopped(process)[0] == exits.INTERRUPTED
    assert plvsd.only.args == ("status",)


def test_watching_goes_on_when_plvsd_is_started_again(tmp_path: Path) -> None:
    with FakePlvsd.running(tmp_path) as plvsd:
        plvsd.answers["WATCH"], plvsd.events["WATCH"] = [], EVENTS
        watching = started("--node", str(plvsd.socket), "watch")
        process = watching.__enter__()
        lines(process, 3)
    try:
        assert process.stderr is not None
        assert "trying again in 0.5 s" in process.stderr.readline()
        with FakePlvsd.running(tmp_path, {"WATCH": []}, {"WATCH": EVENTS[2:]}):
            missing, *events = lines(process, 2)
            assert missing.startswith("some events may be missing here")
            assert events == ["1970-01-01 00:00:03  dir1  took web: first"]
            code, said = stopped(process)
            assert code == exits.INTERRUPTED
            assert "Traceback" not in said
    finally:
        watching.__exit__(None, None, None)


def test_the_audit_log_is_followed_when_plvsd_is_started_again(tmp_path: Path) -> None:
    first, second = document(CHANGE), {**document(CHANGE), "at": CHANGE.at + 5}
    with FakePlvsd.running(tmp_path) as plvsd:
        plvsd.answers["AUDIT FOLLOW"], plvsd.events["AUDIT FOLLOW"] = [first], []
        following = started("--node", str(plvsd.socket), "audit", "show", "--follow", "--json")
        process = following.__enter__()
        lines(process, 1)
    try:
        answers, events = {"AUDIT FOLLOW": [first]}, {"AUDIT FOLLOW": [second]}
        with FakePlvsd.running(tmp_path, answers, events) as plvsd:
            assert json.loads(lines(process, 1)[0])["at"] == second["at"]
            assert plvsd.only.options["since"] == iso(CHANGE.at)
            _, said = stopped(process)
            assert "trying again" in said
            assert "nothing is missing" in said
    finally:
        following.__exit__(None, None, None)


def test_a_topic_that_there_is_not_asks_nobody(plvsd: FakePlvsd) -> None:
    assert plvsd.lvsm("watch", "weather").exit_code == exits.USAGE
    assert plvsd.requests == []


def test_the_audit_log_is_shown(plvsd: FakePlvsd) -> None:
    plvsd.answers["AUDIT SHOW"] = [document(CHANGE)]
    shown = plvsd.lvsm("audit", "show", "--since", "2h", "--limit", "5")
    assert shown.exit_code == exits.OK
    assert "CONFIG SAVE" in shown.stdout
    assert dict(plvsd.only.options) == {"since": "2h", "limit": "5"}
    found = json.loads(plvsd.lvsm("audit", "show", "--json").stdout)
    assert found["items"] == [json.loads(json.dumps(document(CHANGE)))]
    plvsd.answers["AUDIT SHOW"] = []
    assert plvsd.lvsm("audit", "show").stdout == "Nothing was recorded.\n"


def test_the_audit_log_is_followed(plvsd: FakePlvsd) -> None:
    plvsd.answers["AUDIT FOLLOW"] = [document(CHANGE)]
    plvsd.events["AUDIT FOLLOW"] = [document(CHANGE)]
    with started("--node", str(plvsd.socket), "audit", "show", "--follow") as process:
        assert all("CONFIG SAVE" in line for line in lines(process, 2))
        assert stopped(process) == (exits.INTERRUPTED, "Stopped.")


@pytest.mark.parametrize("words", [["--since", "soon"], ["--limit", "-1"], ["--limit", "x"]])
def test_a_wrong_option_asks_nobody(plvsd: FakePlvsd, words: list[str]) -> None:
    assert plvsd.lvsm("audit", "show", *words).exit_code == exits.USAGE
    assert plvsd.requests == []


@pytest.mark.parametrize(
    ("environment", "words", "coloured"),
    [({}, [], False), ({}, ["--color", "always"], True), ({"NO_COLOR": "1"}, [], False)],
)
def test_colours_are_for_terminals_and_who_asks(
    plvsd: FakePlvsd,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    words: list[str],
    coloured: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    plvsd.answers["AUDIT SHOW"] = [document(CHANGE)]
    assert ("\x1b[32mok" in plvsd.lvsm("audit", "show", *words).stdout) is coloured


def test_the_certificate_is_shown_and_renewed(plvsd: FakePlvsd) -> None:
    plvsd.answers["CERT SHOW"] = plvsd.answers["CERT RENEW"] = [CERT]
    assert plvsd.lvsm("cert", "show").stdout.splitlines() == [
        "node         dir1",
        "subject      CN=dir1",
        "sha256       AB:CD",
        "valid from   2025-11-25T10:00:00.000Z",
        "valid until  2045-11-20T10:00:00.000Z (7299 days left)",
    ]
    assert json.loads(plvsd.lvsm("cert", "show", "--json").stdout) == {"schema_version": 1, **CERT}
    assert plvsd.lvsm("cert", "renew").exit_code == exits.ERROR
    assert [request.verb for request in plvsd.requests] == ["CERT SHOW", "CERT SHOW"]
    renewed = plvsd.lvsm("cert", "renew", "--yes")
    assert renewed.exit_code == exits.OK
    assert renewed.stdout.startswith("renewed\n")


def test_the_next_node_is_asked_when_the_first_does_not_answer(
    plvsd: FakePlvsd, tmp_path: Path
) -> None:
    plvsd.answers["CERT SHOW"] = [CERT]
    words = ["--node", str(tmp_path / "none"), "--node", str(plvsd.socket), "cert", "show"]
    assert lvsm(*words).exit_code == exits.OK
    nobody = lvsm("--node", str(tmp_path / "a"), "--node", str(tmp_path / "b"), "cert", "show")
    assert nobody.exit_code == exits.UNREACHABLE
    assert str(tmp_path / "a") in nobody.stderr
    assert str(tmp_path / "b") in nobody.stderr
