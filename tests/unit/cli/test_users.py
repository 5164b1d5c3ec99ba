from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core.errors import LvsmError
from lvsm.core.scram_keys import make_verifier, parse_verifier
from tests.unit.cli.plvsd import PASSWORD, FakePlvsd, lvsm

SECRET = "correct horse"
ALICE = {"name": "alice", "role": "operator", "has_password": True}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\nsecond line\n")
    return path


def fits(literal: bytes | None, password: str) -> bool:
    """Whether that is the verifier of the password."""
    verifier = parse_verifier((literal or b"").decode())
    return make_verifier(password, verifier.salt, verifier.iterations) == verifier


def test_users_are_listed(plvsd: FakePlvsd) -> None:
    plvsd.answers["USER LIST"] = [ALICE, {"name": "bob", "role": "viewer", "has_password": False}]
    assert plvsd.lvsm("user", "list").stdout.splitlines() == [
        "NAME   ROLE      PASSWORD",
        "alice  operator  yes",
        "bob    viewer    no",
    ]
    assert json.loads(plvsd.lvsm("user", "list", "--json").stdout)["items"][0] == ALICE


@pytest.mark.parametrize(
    ("words", "verb", "options"),
    [
        (["user", "add", "alice", "--role", "operator"], "USER ADD", {"role": "operator"}),
        (["passwd", "alice"], "PASSWD", {}),
        (["passwd", "alice", "--dry-run"], "PASSWD", {"dry-run": "yes"}),
    ],
)
def test_plvsd_gets_a_verifier_and_never_the_password(
    plvsd: FakePlvsd, secret: Path, words: list[str], verb: str, options: dict[str, str]
) -> None:
    plvsd.answers[verb] = [ALICE]
    result = plvsd.lvsm(*words, "--new-password-file", str(secret))
    assert (result.exit_code, result.stderr) == (exits.OK, "")
    assert (plvsd.only.verb, plvsd.only.args, plvsd.only.options) == (verb, ("alice",), options)
    assert fits(plvsd.only.literal, SECRET)
    assert SECRET not in result.output


def test_the_new_password_may_come_by_a_descriptor(plvsd: FakePlvsd, secret: Path) -> None:
    plvsd.answers["PASSWD"] = [ALICE]
    descriptor = os.open(secret, os.O_RDONLY)
    assert plvsd.lvsm("passwd", "--new-password-fd", str(descriptor)).exit_code == exits.OK
    assert fits(plvsd.only.literal, SECRET)
    assert plvsd.only.args == ("admin",)


def test_where_nobody_logs_in_the_password_options_are_the_new_ones(
    plvsd: FakePlvsd, secret: Path
) -> None:
    plvsd.answers["PASSWD"] = [ALICE]
    assert plvsd.lvsm("passwd", "--password-file", str(secret)).exit_code == exits.OK
    assert fits(plvsd.only.literal, SECRET)


def test_over_tls_one_file_logs_in_and_the_other_is_new(
    plvsd: FakePlvsd, secret: Path, tmp_path: Path
) -> None:
    plvsd.answers["PASSWD"] = [ALICE]
    login = tmp_path / "login"
    login.write_text(PASSWORD)
    words = ["--node", plvsd.node, "--password-file", str(login), "passwd"]
    assert lvsm(*words, "--new-password-file", str(secret)).exit_code == exits.OK
    assert plvsd.only.args == ("admin",)
    assert fits(plvsd.only.literal, SECRET)
    short = lvsm(*words)
    assert short.exit_code == exits.ERROR
    assert "--new-password-file" in short.stderr
    assert len(plvsd.requests) == 1


@pytest.mark.parametrize("text", ["", "\n", "seven77\n"])
def test_a_short_password_is_refused_before_plvsd_is_asked(
    plvsd: FakePlvsd, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "short"
    path.write_text(text)
    result = plvsd.lvsm("user", "add", "bob", "--role", "viewer", "--new-password-file", str(path))
    assert result.exit_code == exits.ERROR
    assert plvsd.requests == []
    assert "seven77" not in result.output


def typed(plvsd: FakePlvsd, *answers: str) -> tuple[int, str]:
    """Run `lvsm passwd alice` at a terminal of its own, and answer its questions."""
    code = (
        "import sys; from pathlib import Path; from lvsm.cli.main import cli;"
        "from lvsm.cli.choices import Choices; from lvsm.client import Unix;"
        "cli.main(['passwd', 'alice'], obj=Choices(local=Unix(Path(sys.argv[1]))))"
    )
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL + code, str(plvsd.socket)],
        start_new_session=True,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        for answer in answers:
            while not seen.endswith((b"alice: ", b"again: ")):
                seen += os.read(mine, 1)
            os.write(mine, answer.encode() + b"\n")
            seen += os.read(mine, 1)
        try:
            while chunk := os.read(mine, 1000):
                seen += chunk
        except OSError:
            pass  # the other end is closed
    finally:
        os.close(mine)
        status = process.wait()
    return status, seen.decode()


_TAKE_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "


def test_a_typed_password_is_asked_for_twice_and_not_shown(plvsd: FakePlvsd) -> None:
    plvsd.answers["PASSWD"] = [ALICE]
    status, seen = typed(plvsd, SECRET, SECRET)
    assert status == exits.OK, seen
    assert fits(plvsd.only.literal, SECRET)
    assert SECRET not in seen


def test_two_different_ones_change_nothing(plvsd: FakePlvsd) -> None:
    status, seen = typed(plvsd, SECRET, SECRET + "r")
    assert status == exits.ERROR
    assert "not the same" in seen
    assert plvsd.requests == []


def test_another_role(plvsd: FakePlvsd) -> None:
    plvsd.answers["USER SET"] = [ALICE]
    result = plvsd.lvsm("user", "set", "alice", "--role", "admin", "--json")
    assert json.loads(result.stdout) == {"schema_version": 1, **ALICE, "summary": "done"}
    assert plvsd.only.options == {"role": "admin"}
    assert plvsd.lvsm("user", "set", "alice").exit_code == exits.USAGE
    assert plvsd.lvsm("user", "set", "alice", "--role", "king").exit_code == exits.USAGE


def test_removing_is_confirmed(plvsd: FakePlvsd) -> None:
    plvsd.answers["USER REMOVE"] = [ALICE]
    assert plvsd.lvsm("user", "remove", "alice").exit_code == exits.ERROR
    assert plvsd.requests == []
    assert plvsd.lvsm("user", "remove", "alice", "--dry-run").exit_code == exits.OK
    assert plvsd.lvsm("user", "remove", "alice", "--yes").exit_code == exits.OK
    assert [request.options for request in plvsd.requests] == [{"dry-run": "yes"}, {}]


def test_a_refusal_has_its_exit_code(plvsd: FakePlvsd) -> None:
    plvsd.answers["USER LIST"] = LvsmError("it is for the role admin", code="forbidden")
    result = plvsd.lvsm("user", "list")
    assert result.exit_code == exits.NOT_ALLOWED
    plvsd.answers["USER LIST"] = LvsmError("log in again", code="session-ended")
    assert plvsd.lvsm("user", "list").exit_code == exits.NOT_ALLOWED


@pytest.mark.parametrize("words", [["user", "add"], ["user", "remove"], ["passwd"], ["user"]])
def test_each_command_has_examples(words: list[str]) -> None:
    result = lvsm(*words, "--help")
    assert result.exit_code == exits.OK
    assert "Example" in result.stdout
