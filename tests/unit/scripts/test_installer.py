"""What `make install` puts on a disk, and that `make uninstall` leaves it as it was."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import mon_cf
from scripts.installer.layout import Item, LayoutError, Places, items, places
from scripts.installer.place import Diverted, Machine, Others, PlaceError, Renamed, aside, uninstall
from scripts.installer.place import install as place

ROOT = Path(__file__).parents[3]
STOCK = ("/usr/share/heartbeat/ResourceManager", "/usr/share/heartbeat/req_resource")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build would have made, in little."""
    made = tmp_path / "built"
    for name in ("python/lvsm/plvsd.py", "man/man8/plvsd.8", "completion/bash", "completion/zsh"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"{name}\n")
    return made


@pytest.fixture(params=["renamed", "diverted"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A disk with the stock scripts on it, and either way to move them aside."""
    root = tmp_path / "root"
    for name in (*STOCK, "/etc/ha.d/harc"):
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"stock {name}\n")
    others: Others = Renamed()
    if request.param == "diverted":
        program = shutil.which("dpkg-divert")
        if program is None:
            pytest.skip("dpkg is not here")
        admin = tmp_path / "dpkg"
        admin.mkdir()
        others = Diverted(program, "--admindir", str(admin))
    return Machine(places=Places(), destdir=root, others=others)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a disk with its mode and bytes."""
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


def diverted(wanted: list[Item]) -> list[PurePosixPath]:
    return [item.target for item in wanted if item.diverted]


def test_what_was_there_comes_back(machine: Machine, built: Path) -> None:
    before = tree(machine.destdir)
    wanted = items(ROOT, built)
    place(machine, wanted)
    for name in STOCK:
        path = machine.path(name)
        assert "LVSM" in path.read_text()
        assert aside(path).read_text() == f"stock {name}\n"
    uninstall(machine, diverted(wanted))
    assert tree(machine.destdir) == before
    assert not machine.path("@libdir@/lvsm").exists()


def test_installing_again_keeps_what_was_moved_aside(machine: Machine, built: Path) -> None:
    before = tree(machine.destdir)
    wanted = items(ROOT, built)
    place(machine, wanted)
    once = tree(machine.destdir)
    place(machine, wanted)
    assert tree(machine.destdir) == once
    uninstall(machine, diverted(wanted))
    assert tree(machine.destdir) == before


def test_what_an_older_version_left_goes_too(machine: Machine, built: Path) -> None:
    before = tree(machine.destdir)
    older = built / "python" / "lvsm" / "gone_since.py"
    older.write_text("")
    place(machine, items(ROOT, built))
    older.unlink()
    wanted = items(ROOT, built)
    place(machine, wanted)
    uninstall(machine, diverted(wanted))
    assert tree(machine.destdir) == before


def test_an_installation_that_was_cut_off_can_be_taken_off(machine: Machine, built: Path) -> None:
    before = tree(machine.destdir)
    wanted = items(ROOT, built)
    broken = [*wanted[:-1], Item(source=built / "missing", target=PurePosixPath("/usr/bin/x"))]
    with pytest.raises(FileNotFoundError):
        place(machine, broken)
    uninstall(machine, diverted(wanted))
    assert tree(machine.destdir) == before


def test_nothing_installed_is_said(machine: Machine) -> None:
    with pytest.raises(PlaceError, match="nothing is installed"):
        uninstall(machine, [])


def test_a_package_gets_the_files_and_moves_nothing(tmp_path: Path, built: Path) -> None:
    machine = Machine(places=places({"PREFIX": "/usr"}), destdir=tmp_path / "package")
    place(machine, items(ROOT, built))
    found = tree(machine.destdir)
    assert found["usr/sbin/plvsd"][0] == 0o755
    assert b'"/usr/lib/lvsm/python"' in found["usr/sbin/plvsd"][1]
    assert b"ExecStart=/usr/sbin/plvsd --worker" in found["usr/lib/systemd/system/plvsd.service"][1]
    assert not [name for name in found if name.endswith(".before-lvsm")]


def test_no_placeholder_is_left_and_scripts_look_where_things_are(
    tmp_path: Path, built: Path
) -> None:
    machine = Machine(places=places({"prefix": "/opt/lvsm"}), destdir=tmp_path / "package")
    place(machine, items(ROOT, built))
    for name, (_, data) in tree(machine.destdir).items():
        assert b"dir@" not in data, name
        assert b"@prefix@" not in data, name
    manager = machine.path("/usr/share/heartbeat/ResourceManager").read_text()
    assert f"GLUE={places({}).hooksdir}/glue" in manager
    assert machine.path(f"{mon_cf.MONITORS}/lvsm.monitor").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"PREFX": "/usr"}, "prefx is no variable"),
        ({"PREFIX": "usr"}, "an absolute path is needed"),
    ],
)
def test_wrong_variables_are_refused(words: dict[str, str], said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        places(words)


@given(st.sampled_from(["bindir", "sbindir", "libdir", "datadir", "mandir", "sysconfdir"]))
def test_each_folder_can_be_given_by_itself(name: str) -> None:
    found = places({name.upper(): "/somewhere/else/"})
    assert found.expand(f"@{name}@/x") == "/somewhere/else/x"
    assert "@" not in found.expand("@bindir@ @sbindir@ @libdir@ @mandir@ @systemddir@")
