"""What a TAB offers: by click's classes, and in a real bash."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from lvsm.cli import completing, exits
from lvsm.cli.choices import Choices
from lvsm.cli.commands.completion import VARIABLE
from lvsm.cli.main import TABLE, cli
from lvsm.client import Unix
from lvsm.core.errors import LvsmError
from tests.unit.cli.plvsd import FakePlvsd, lvsm


def offered(path: Path, *words: str) -> list[str]:
    """What may stand in the place of the last word."""
    complete = BashComplete(cli, {"obj": Choices(local=Unix(path))}, "lvsm", VARIABLE)
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_commands_and_options_are_offered(tmp_path: Path) -> None:
    assert offered(tmp_path, "") == list(TABLE)
    assert offered(tmp_path, "vip", "sh") == ["show"]
    assert offered(tmp_path, "config", "save", "--comm") == ["--comment"]
    assert offered(tmp_path, "status", "--js") == ["--json"]
    assert offered(tmp_path, "--color", "a") == ["auto", "always"]


def test_names_of_virtual_services_come_from_this_machines_plvsd(plvsd: FakePlvsd) -> None:
    names = ["web", "wiki", "mail", "we b", "w$(reboot)", "w*", None]
    plvsd.answers["VIP LIST"] = [{"name": name} for name in names]
    assert offered(plvsd.socket, "vip", "show", "w") == ["web", "wiki"]


def test_nobody_is_asked_when_another_node_is_meant(plvsd: FakePlvsd) -> None:
    plvsd.answers["VIP LIST"] = [{"name": "web"}]
    assert offered(plvsd.socket, "--node", plvsd.node, "vip", "show", "") == []
    assert plvsd.requests == []


def test_no_answer_is_no_name_and_no_complaint(
    plvsd: FakePlvsd, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plvsd.answers["VIP LIST"] = LvsmError("no", code="forbidden")
    assert offered(plvsd.socket, "vip", "show", "") == []
    assert offered(tmp_path / "none", "vip", "show", "") == []
    assert capfd.readouterr() == ("", "")


def test_help_offers_commands_and_codes(tmp_path: Path) -> None:
    assert {"status", "vip", "error-codes", "exit-codes"} <= set(offered(tmp_path, "help", ""))
    assert "conflict" not in offered(tmp_path, "help", "")
    assert offered(tmp_path, "help", "con") == ["config", "conflict"]
    assert offered(tmp_path, "help", "config", "s") == ["show", "save"]
    assert offered(tmp_path, "help", "nothing", "") == []


def test_a_script_is_printed_for_bash_and_zsh_only() -> None:
    assert "complete -o nosort -F _lvsm_completion lvsm" in lvsm("completion", "bash").stdout
    zsh = lvsm("completion", "zsh").stdout
    assert zsh.startswith("#compdef lvsm\n")
    assert "if [[ $funcstack[1] == _lvsm ]]; then\n" in zsh
    assert lvsm("completion", "fish").exit_code == exits.USAGE


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder with a program `lvsm`."""
    program = tmp_path / "bin" / "lvsm"
    program.parent.mkdir()
    root = Path(__file__).parents[3]
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(root))}"
        f' exec {shlex.quote(sys.executable)} -m lvsm.cli.main "$@"\n'
    )
    program.chmod(0o755)
    return program.parent


BASH = """
PATH=$1:$PATH
source <(lvsm completion bash)
complete -p lvsm
offered() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _lvsm_completion lvsm
    echo "${COMPREPLY[*]}"
}
offered lvsm vi
offered lvsm config s
offered lvsm help exit
"""


def test_in_a_real_bash(bin_folder: Path) -> None:
    argv = ["bash", "--norc", "-euc", BASH, "bash", str(bin_folder)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "complete -o nosort -F _lvsm_completion lvsm",
        "vip",
        "show save",
        "exit-codes",
    ]


def test_zsh_can_read_its_script() -> None:
    script = lvsm("completion", "zsh").stdout
    argv = ["zsh", "-n", "/dev/stdin"]
    done = subprocess.run(argv, input=script, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_completion_waits_a_second_at_most_for_a_plvsd_that_hangs(tmp_path: Path) -> None:
    path = tmp_path / "silent"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        assert offered(path, "vip", "show", "") == []
    assert completing.SECONDS <= 1
