"""A copy of the checkout that every node can read.

Files of the checkout are copied: those that git tracks, and those it would track. The virtual
environment is large and never edited in place, so its files are hard links where they can be.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
from pathlib import Path

from tests.lab.errors import LabError

VENV = ".venv"
_READABLE = 0o044

# Tools for checking code, which no node runs: half of the environment's bytes.
_LEFT_OUT = frozenset({"ruff", "mypy", "mypyc", "pip", "setuptools", "grimp"})


def copy(source: Path, target: Path) -> None:
    """Copy the checkout at `source` to `target`."""
    target.mkdir(mode=0o755)
    for name in _names(source):
        path = source / name
        if path.is_symlink() or path.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / name, follow_symlinks=False)
    for path in target.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    compileall.compile_dir(str(target), quiet=2)
    if (source / VENV).is_dir():
        _copy_environment(source / VENV, target / VENV)


def _names(source: Path) -> list[str]:
    command = ["git", "-C", str(source), "-c", "safe.directory=*", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise LabError(f"git ls-files in {source}: {done.stderr.decode().strip()}")
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _copy_environment(source: Path, target: Path) -> None:
    def ignored(_folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in _LEFT_OUT or name.endswith("__mypyc.so")}

    shutil.copytree(source, target, symlinks=True, ignore=ignored, copy_function=_link_or_copy)
    for path in target.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    target.chmod(0o755)


def _link_or_copy(source: str, target: str) -> str:
    """Link a file that everybody may read, on the same file system; copy any other."""
    found = Path(source).lstat()
    if found.st_mode & _READABLE == _READABLE:
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:
            pass
        else:
            return target
    shutil.copy2(source, target, follow_symlinks=False)
    if not Path(target).is_symlink():
        Path(target).chmod(found.st_mode & 0o777 | _READABLE)
    return target
