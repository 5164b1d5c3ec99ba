"""Putting the files in place and taking them away: what touches the disk.

Law: what stood there before comes back. A file of another package is moved aside first, by
dpkg-divert where dpkg is, else under a name of its own; the list of what was placed is written
before the first file, so that an installation that was cut off can be taken off too.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from scripts.installer.layout import Item, Places

ASIDE = ".before-lvsm"


class PlaceError(Exception):
    """Something on the disk is not as it should be, and what to do."""


class Others(Protocol):
    """How files of other packages make room and come back."""

    def move_aside(self, path: Path) -> None:
        """Make room at a path, whether something is there or not; again is the same as once."""

    def bring_back(self, path: Path) -> None:
        """Undo `move_aside`; nothing to do is no mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where to install: the folders, and what stands before them (DESTDIR) for a package.

    `others` moves files of other packages aside; a package's tree has none (None).
    """

    places: Places
    destdir: Path = Path("/")
    others: Others | None = None

    def path(self, target: PurePosixPath | str) -> Path:
        """Where a target of the layout lies on this disk."""
        return self.destdir / self.places.expand(str(target)).lstrip("/")

    @property
    def manifest(self) -> Path:
        """The list of what was installed."""
        return self.path("@libdir@/lvsm/manifest")


def install(machine: Machine, items: Sequence[Item]) -> None:
    """Place every item; raises PlaceError, OSError."""
    targets = [(item, machine.path(item.target)) for item in items]
    _write_manifest(machine, [path for _, path in targets])
    for item, path in targets:
        if item.diverted and machine.others:
            machine.others.move_aside(path)
        _place(machine, item, path)


def _place(machine: Machine, item: Item, path: Path) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.lvsm-new")
    if item.expanded:
        text = item.source.read_text(encoding="utf-8")
        new.write_text(machine.places.expand(text), encoding="utf-8")
    else:
        shutil.copyfile(item.source, new)
    new.chmod(item.mode)
    new.replace(path)


def _write_manifest(machine: Machine, paths: Iterable[Path]) -> None:
    """What is installed now and what an earlier version left, one path a line."""
    manifest = machine.manifest
    known = set(_read_manifest(machine)) | {_absolute(machine, path) for path in paths}
    manifest.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    manifest.write_text("".join(f"{path}\n" for path in sorted(known)), encoding="utf-8")


def _read_manifest(machine: Machine) -> list[str]:
    try:
        return machine.manifest.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _absolute(machine: Machine, path: Path) -> str:
    return "/" + str(path.relative_to(machine.destdir))


def uninstall(machine: Machine, diverted: Iterable[PurePosixPath]) -> list[Path]:
    """Take off what the manifest names, with folders left empty; returns what was removed.

    Raises PlaceError when nothing is installed there.
    """
    names = _read_manifest(machine)
    if not names:
        raise PlaceError(f"{machine.manifest} is missing: nothing is installed by this PREFIX")
    removed = []
    for path in [machine.path(name) for name in names] + [machine.manifest]:
        if path.is_file() or path.is_symlink():
            path.unlink()
            removed.append(path)
    if machine.others:
        for target in diverted:
            machine.others.bring_back(machine.path(target))
    _remove_empty(machine, removed)
    return removed


def _remove_empty(machine: Machine, removed: Iterable[Path]) -> None:
    """Folders named after LVSM that are empty now; those that others share stay."""
    ours = {
        machine.path("@libdir@/lvsm"),
        machine.path("@hooksdir@"),
        machine.path("@systemddir@/heartbeat.service.d"),
    }
    folders = {parent for path in removed for parent in path.parents}
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        below_ours = any(folder == top or top in folder.parents for top in ours)
        if below_ours and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


class Renamed:
    """Files of others moved aside by a name of their own: where there is no dpkg."""

    def move_aside(self, path: Path) -> None:
        """Move it out of the way, once."""
        if path.exists() and not aside(path).exists():
            path.rename(aside(path))

    def bring_back(self, path: Path) -> None:
        """Put it back where it was."""
        if aside(path).exists():
            aside(path).rename(path)


class Diverted:
    """The same by dpkg-divert(1): a later version of the other package goes aside too."""

    def __init__(self, program: str, *options: str) -> None:
        """The program, and options such as --root."""
        self._words = [program, *options, "--local", "--quiet", "--rename"]

    def move_aside(self, path: Path) -> None:
        """Move it out of the way; raises PlaceError."""
        self._run("--add", path)

    def bring_back(self, path: Path) -> None:
        """Put it back where it was; raises PlaceError."""
        self._run("--remove", path)

    def _run(self, verb: str, path: Path) -> None:
        words = [*self._words, "--divert", str(aside(path)), verb, str(path)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode:
            raise PlaceError(f"dpkg-divert {verb} {path}: {done.stderr.strip()}")


def aside(path: Path) -> Path:
    """Where another package's file is while LVSM's stands in its place."""
    return path.with_name(path.name + ASIDE)


def of_this_machine() -> Renamed | Diverted:
    """By dpkg-divert where it is."""
    program = shutil.which("dpkg-divert", path="/usr/bin:/usr/sbin:/bin")
    return Renamed() if program is None else Diverted(program)
