"""systemd's units are valid, and exposed at most as far as was meant."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.installer.layout import items, places
from scripts.installer.place import Machine, install

ROOT = Path(__file__).parents[3]
SERVICES = ("plvsd.service", "plvsd-privileged.service")
MOST = {"plvsd.service": 20, "plvsd-privileged.service": 24}
"""Tenths of systemd's exposure level."""

analyze = shutil.which("systemd-analyze") or ""
pytestmark = pytest.mark.skipif(not analyze, reason="systemd is not here")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the units of an installation below a folder of the test's."""
    folder = tmp_path_factory.mktemp("units")
    built = folder / "built"
    (built / "completion").mkdir(parents=True)
    for shell in ("bash", "zsh"):
        (built / "completion" / shell).write_text("")
    machine = Machine(places=places({"PREFIX": str(folder / "prefix")}), destdir=folder / "root")
    install(machine, items(ROOT, built))
    # What the units start has to be where they say, for `verify`.
    shutil.copytree(machine.path("@prefix@"), folder / "prefix")
    return folder / "prefix" / "lib" / "systemd" / "system"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([analyze, *words], check=False, capture_output=True, text=True)


def test_the_units_are_valid(units: Path) -> None:
    files = [str(units / name) for name in (*SERVICES, "plvsd-privileged.socket")]
    done = run("verify", "--man=no", *files)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_has_no_more_rights_than_it_needs(units: Path, name: str) -> None:
    words = (
        "security",
        "--offline=yes",
        f"--threshold={MOST[name]}",
        "--no-pager",
        str(units / name),
    )
    done = run(*words)
    assert done.returncode == 0, done.stdout


def test_a_unit_with_more_rights_would_be_noticed(units: Path) -> None:
    unit = units / "plvsd.service"
    weak = units / "weak.service"
    weak.write_text(unit.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert (
        run("security", "--offline=yes", f"--threshold={MOST[unit.name]}", str(weak)).returncode
        == 1
    )
