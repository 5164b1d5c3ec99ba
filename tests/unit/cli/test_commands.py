from __future__ import annotations

import json
from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core.errors import LvsmError
from tests.unit.cli.plvsd import PASSWORD, FakePlvsd, lvsm

STATUS = {
    "node": "dir1",
    "cluster": "www",
    "state": "OK",
    "sentence": "OK. No VIP yet.",
    "generation": 0,
    "epoch": 1,
    "saved": None,
    "vips": [],
    "nodes": [],
    "problems": [],
}


def test_services_of_others_have_a_line_in_the_status(plvsd: FakePlvsd) -> None:
    node = {
        "name": "dir1",
        "role": "director",
        "state": "up",
        "reason": "",
        "heartbeat": "active",
        "plvsd": "2",
        "generation": 1,
        "holds": [],
    }
    theirs = {"foreign_services": ["-t 10.0.0.9:25", "-f 7"], "foreign_services_count": 3}
    plvsd.answers["STATUS"] = [{**STATUS, "nodes": [{**node, **theirs}, node]}]
    lines = plvsd.lvsm("status").stdout.splitlines()
    assert [line for line in lines if "did not make" in line] == [
        "dir1: 3 IPVS services that LVSM did not make, left alone: -t 10.0.0.9:25, -f 7, ..."
    ]


def test_status_says_by_its_exit_code_whether_all_is_well(plvsd: FakePlvsd) -> None:
    plvsd.answers["STATUS"] = [STATUS]
    well = plvsd.lvsm("status")
    assert well.exit_code == exits.OK
    assert well.stdout.startswith("www: OK.")
    plvsd.answers["STATUS"] = [{**STATUS, "state": "degraded"}]
    assert plvsd.lvsm("status").exit_code == exits.DEGRADED


@pytest.mark.parametrize("words", [["--json", "status"], ["status", "--json"]])
def test_json_is_one_document_with_its_schema(plvsd: FakePlvsd, words: list[str]) -> None:
    plvsd.answers["STATUS"] = [STATUS]
    result = plvsd.lvsm(*words)
    assert json.loads(result.stdout) == {"schema_version": 1, **STATUS}
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("forbidden", exits.NOT_ALLOWED),
        ("conflict", exits.CONFLICT),
        ("invalid", exits.ERROR),
    ],
)
def test_a_refusal_ends_with_its_own_exit_code(plvsd: FakePlvsd, code: str, status: int) -> None:
    plvsd.answers["CONFIG SAVE"] = LvsmError("no, and here is why", code=code)
    result = plvsd.lvsm("config", "save", "-", input="[cluster]\n")
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr == f"lvsm: no, and here is why ({code})\n"


def test_a_save_carries_the_text_its_base_and_the_comment(plvsd: FakePlvsd) -> None:
    plvsd.answers["CONFIG SAVE"] = [
        {"generation": 4, "changed": True, "nodes": ["dir1"], "rendered": [], "summary": "saved"}
    ]
    words = ["config", "save", "-", "--comment", "add web", "--if-generation", "3"]
    plvsd.lvsm(*words, input="[cluster]\n")
    assert plvsd.only.literal == b"[cluster]\n"
    assert plvsd.only.options["base"] == "3"
    assert plvsd.only.options["comment"] == "add web"


def test_no_plvsd_is_unreachable_and_says_what_is_missing(tmp_path: Path) -> None:
    result = lvsm("status", local=tmp_path / "none")
    assert result.exit_code == exits.UNREACHABLE
    assert str(tmp_path / "none") in result.stderr


@pytest.mark.parametrize(
    "words", [["statsu"], ["status", "--jsn"], ["--timeout", "-1", "status"], ["vip", "show"]]
)
def test_a_wrong_command_line_is_64_and_asks_nobody(plvsd: FakePlvsd, words: list[str]) -> None:
    result = plvsd.lvsm(*words)
    assert result.exit_code == exits.USAGE
    assert plvsd.requests == []


def test_the_nearest_command_is_suggested(plvsd: FakePlvsd) -> None:
    assert "'status'" in plvsd.lvsm("statsu").stderr


def test_over_tls_with_a_password_from_a_file(plvsd: FakePlvsd, tmp_path: Path) -> None:
    plvsd.answers["STATUS"] = [STATUS]
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    words = ["--node", plvsd.node, "--password-file", str(secret), "status"]
    assert lvsm(*words).exit_code == exits.OK
    assert plvsd.only.principal.kind == "admin"
    secret.write_text("another one\n")
    wrong = lvsm(*words)
    assert wrong.exit_code == exits.NOT_ALLOWED
    assert "another one" not in wrong.output


def test_a_certificate_that_was_not_expected_is_told_nothing(
    plvsd: FakePlvsd, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    other = ":".join(["AB"] * 32)
    words = ["--node", plvsd.node, "--fingerprint", other, "--password-file", str(secret)]
    result = lvsm(*words, "status")
    assert result.exit_code != exits.OK
    assert plvsd.requests == []


def test_every_command_explains_itself_with_an_example() -> None:
    for words in (["status"], ["vip", "list"], ["vip", "show"], ["config", "save"]):
        result = lvsm(*words, "--help")
        assert result.exit_code == exits.OK
        assert "Example" in result.stdout
    codes = lvsm("help", "exit-codes").stdout
    assert all(str(entry.number) in codes for entry in exits.TABLE)


def test_help_explains_an_error_by_its_code() -> None:
    told = lvsm("help", "conflict")
    assert told.exit_code == exits.OK
    assert "make the change again" in told.stdout
    assert f"lvsm ends with {exits.CONFLICT}." in told.stdout
    assert "lvsm ends with" not in lvsm("help", "dr-port").stdout
    listed = lvsm("help", "error-codes").stdout
    assert all(f"\n  {code}" in listed for code in ("conflict", "syntax", "desync"))
    assert lvsm("help", "confict").exit_code == exits.USAGE


def test_a_command_comes_before_a_code_of_its_name() -> None:
    assert "Usage: lvsm config" in lvsm("help", "config").stdout
    assert "Usage: lvsm [OPTIONS]" in lvsm("help").stdout
