"""`lvsm config edit` with editors that are small scripts, with and without a terminal."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from lvsm.cli import exits
from lvsm.core.errors import LvsmError
from tests.unit.cli.plvsd import FakePlvsd
from tests.unit.cli.terminal import Terminal
from tests.unit.cli.test_config_saving import CONFLICT, PLAN, SAVED

TEXT = "# of the shop\n[cluster]\nname = 'www'\n"
THEIRS = TEXT + "failback = 'manual'\n"
_START = (
    "from pathlib import Path; from lvsm.cli.choices import Choices;"
    "from lvsm.cli.main import cli; from lvsm.client import Unix;"
    "cli.main(sys.argv[2:], obj=Choices(local=Unix(Path(sys.argv[1]))), prog_name='lvsm')"
)
Edit = Callable[..., Result]


@pytest.fixture
def edit(plvsd: FakePlvsd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Run it with editors that do these commands of sed, one after another."""
    plvsd.answers["CONFIG SHOW"] = [{"generation": 4, "epoch": 1, "text": TEXT}]
    plvsd.answers["CONFIG SAVE"] = [SAVED]
    monkeypatch.setenv("TMPDIR", str(tmp_path / "drafts"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "drafts").mkdir()

    def run(sed: str, *words: str) -> Result:
        editor = tmp_path / "editor"
        editor.write_text(f'#!/bin/sh\necho x >>{tmp_path}/opened\nsed -i "{sed}" "$1"\n')
        editor.chmod(0o700)
        monkeypatch.setenv("VISUAL", str(editor))
        return plvsd.lvsm("config", "edit", *words)

    return run


def kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "drafts").iterdir())


def test_what_was_edited_is_saved_from_where_it_was_made(
    plvsd: FakePlvsd, edit: Edit, tmp_path: Path
) -> None:
    result = edit("s/www/shop/", "--comment", "a name", "--confirm", "90")
    assert (result.exit_code, result.stdout) == (exits.OK, "saved as generation 5\n"), result.output
    saved = plvsd.requests[-1]
    assert saved.literal == TEXT.replace("www", "shop").encode()
    assert saved.options == {
        "name": "your text",
        "base": "4",
        "epoch": "1",
        "comment": "a name",
        "confirm": "90",
    }
    assert kept(tmp_path) == []


def test_what_was_left_as_it_was_is_not_saved(plvsd: FakePlvsd, edit: Edit, tmp_path: Path) -> None:
    result = edit("")
    assert (result.exit_code, result.stderr) == (exits.OK, "Nothing was changed.\n")
    assert [request.verb for request in plvsd.requests] == ["CONFIG SHOW"]
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "status"),
    [("invalid", exits.ERROR), ("conflict", exits.CONFLICT), ("no-majority", exits.ERROR)],
)
def test_without_a_terminal_what_is_refused_is_kept_as_it_was_typed(
    plvsd: FakePlvsd, edit: Edit, tmp_path: Path, code: str, status: int
) -> None:
    plvsd.refusals["CONFIG SAVE"] = [
        ([{"rendered": "your text:1:1 x"}], LvsmError("no", code=code))
    ]
    result = edit("s/www/shop/")
    assert result.exit_code == status
    [path] = kept(tmp_path)
    assert path.read_text() == TEXT.replace("www", "shop")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"Your text is kept in {path}; to save it: lvsm config save {path}" in result.stderr
    assert result.stderr.endswith(f"your text:1:1 x\nlvsm: no ({code})\n")


def test_an_editor_that_fails_loses_nothing(edit: Edit, tmp_path: Path) -> None:
    result = edit("s/www/shop/;q7")
    assert result.exit_code == exits.ERROR
    assert "set EDITOR" in result.stderr
    assert len(kept(tmp_path)) == 1


def test_a_dry_run_shows_lines_and_plan_and_keeps_the_text(
    plvsd: FakePlvsd, edit: Edit, tmp_path: Path
) -> None:
    plvsd.answers["CONFIG PLAN"] = [PLAN]
    result = edit("s/www/shop/", "--dry-run")
    assert result.exit_code == exits.OK
    assert "-name = 'www'\n+name = 'shop'\nit could be saved\n" in result.stdout
    assert "CONFIG SAVE" not in [request.verb for request in plvsd.requests]
    assert len(kept(tmp_path)) == 1


def at_a_terminal(plvsd: FakePlvsd, tmp_path: Path, *seds: str) -> Terminal:
    """Run it with a terminal, and an editor that does these commands, one each time."""
    editor = tmp_path / "editor"
    steps = "".join(f"{number}) sed -i '{sed}' \"$1\";;\n" for number, sed in enumerate(seds, 1))
    editor.write_text(
        f'#!/bin/sh\necho x >>{tmp_path}/opened\ncp "$1" {tmp_path}/shown\n'
        f"case $(wc -l <{tmp_path}/opened) in\n{steps}esac\n"
    )
    editor.chmod(0o700)
    env = {**os.environ, "TMPDIR": str(tmp_path / "drafts"), "VISUAL": str(editor)}
    return Terminal(_START, str(plvsd.socket), "config", "edit", env=env)


def test_mistakes_are_shown_and_mended_in_the_next_round(
    plvsd: FakePlvsd, edit: Edit, tmp_path: Path
) -> None:
    mistake = {"rendered": "your text:3:8 name: 'WWW' cannot be a name"}
    plvsd.refusals["CONFIG SAVE"] = [([mistake], LvsmError("1 mistake", code="invalid"))]
    terminal = at_a_terminal(plvsd, tmp_path, "s/www/WWW/", "s/WWW/shop/")
    terminal.answer("Edit again? [Y/n]", "\n")
    assert terminal.end() == exits.OK, terminal.seen
    assert mistake["rendered"] in terminal.seen
    notes = "#! your text:3:8 name: 'WWW' cannot be a name\n#! 1 mistake (invalid)\n"
    assert (tmp_path / "shown").read_text() == notes + TEXT.replace("www", "WWW")
    assert plvsd.requests[-1].literal == TEXT.replace("www", "shop").encode()
    assert kept(tmp_path) == []


def test_who_was_overtaken_saves_both_changes_from_the_newer_generation(
    plvsd: FakePlvsd, edit: Edit, tmp_path: Path
) -> None:
    error = LvsmError("generation 6 was saved by bob on dir2 12 s ago", code="conflict")
    plvsd.refusals["CONFIG SAVE"] = [([CONFLICT], error)]
    terminal = at_a_terminal(plvsd, tmp_path, "s/of the shop/of mine/", "s/manual/auto/")
    plvsd.after["CONFIG SAVE"] = lambda: plvsd.answers.update(
        {"CONFIG SHOW": [{"generation": 6, "epoch": 1, "text": THEIRS}]}
    )
    terminal.answer("Edit again? [Y/n]", "y\n")
    assert terminal.end() == exits.OK, terminal.seen
    assert "-x\n+y\ngeneration 6 was saved by bob on dir2 12 s ago" in terminal.seen
    both = THEIRS.replace("of the shop", "of mine")
    shown = (tmp_path / "shown").read_text()
    assert shown.endswith(both)
    assert "#! Both changes are in this text now, made from generation 6.\n" in shown
    saved = plvsd.requests[-1]
    assert saved.literal == both.replace("manual", "auto").encode()
    assert saved.options["base"] == "6"


def test_who_gives_up_after_a_conflict_keeps_the_text(
    plvsd: FakePlvsd, edit: Edit, tmp_path: Path
) -> None:
    plvsd.refusals["CONFIG SAVE"] = [([CONFLICT], LvsmError("overtaken", code="conflict"))]
    terminal = at_a_terminal(plvsd, tmp_path, "s/www/shop/")
    terminal.answer("Edit again? [Y/n]", "n\n")
    assert terminal.end() == exits.CONFLICT
    [path] = kept(tmp_path)
    assert path.read_text() == TEXT.replace("www", "shop")
    assert f"lvsm config save {path} --if-generation 4" in " ".join(terminal.seen.split())
