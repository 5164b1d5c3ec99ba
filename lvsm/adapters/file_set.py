"""Several files replaced together, with a way back.

Law: every new file is complete and durable beside the old one before the first old one goes, so a
full disk or an unwritable folder changes nothing; a failure in between puts back what was replaced.
The old files stand in a numbered folder with a manifest, from which `undo` restores them.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from lvsm.adapters.files import sync_folder
from lvsm.core.errors import LvsmError

_MANIFEST = "manifest.json"
_MANIFEST_VERSION = 1


class FileSetError(LvsmError):
    """The files are not what the backups say, or there are no backups; nothing was changed."""

    code = "no-way-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What a file shall be; `owner` is (uid, gid), None for whoever runs this."""

    path: Path
    data: bytes = field(repr=False)
    mode: int
    owner: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A file in a manifest: what it was (None: it was not there), and the hash of what it became.

    `copy` is the old file's name in the folder.
    """

    path: str
    after: str
    copy: str | None = None
    before: str | None = None
    mode: int = 0
    uid: int = 0
    gid: int = 0


def replace_all(writes: Sequence[Write], backups: Path) -> Path:
    """Write all files, or none; the folder with what was there. Raises OSError."""
    for write in writes:
        write.path.parent.mkdir(parents=True, exist_ok=True)
    staged: list[tuple[Path, Path]] = []
    folder = None
    try:
        for write in writes:
            pair = _stage(write), write.path
            staged.append(pair)
        folder = _back_up(writes, backups)
        _swap(staged)
    except BaseException:
        _discard(staged)
        if folder is not None:
            _restore(folder, _entries(folder))
            shutil.rmtree(folder)
        raise
    return folder


def _stage(write: Write) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{write.path.name}.", dir=write.path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(write.data)
            file.flush()
            os.fchmod(file.fileno(), write.mode)
            if write.owner is not None:
                os.fchown(file.fileno(), *write.owner)
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _swap(staged: Sequence[tuple[Path, Path]]) -> None:
    for new, path in staged:
        new.replace(path)
    for folder in {path.parent for _, path in staged}:
        sync_folder(folder)


def _discard(staged: Sequence[tuple[Path, Path]]) -> None:
    for new, _ in staged:
        new.unlink(missing_ok=True)


def _back_up(writes: Sequence[Write], backups: Path) -> Path:
    """Copy what is there into a new folder; it has a manifest only when it is complete."""
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = backups / f"{_newest(backups) + 1:04d}"
    folder.mkdir(mode=0o700)
    try:
        entries = [_copy(write, folder, f"{place}") for place, write in enumerate(writes)]
        document = {"version": _MANIFEST_VERSION, "files": [asdict(entry) for entry in entries]}
        _keep(folder / _MANIFEST, json.dumps(document, indent=1).encode())
        sync_folder(folder)
        sync_folder(backups)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def _copy(write: Write, folder: Path, name: str) -> _Entry:
    after = sha256(write.data).hexdigest()
    try:
        found = write.path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return _Entry(path=str(write.path), after=after)
    data = write.path.read_bytes()
    _keep(folder / name, data)
    return _Entry(
        path=str(write.path),
        after=after,
        copy=name,
        before=sha256(data).hexdigest(),
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
    )


def _keep(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _newest(backups: Path) -> int:
    numbers = (int(path.name) for path in backups.iterdir() if path.name.isdecimal())
    return max(numbers, default=0)


def undo(backups: Path) -> tuple[tuple[Path, bool], ...]:
    """Put back what the newest folder has; the files, and whether each is there again or gone.

    Raises FileSetError when there is none or a file was changed since, OSError.
    """
    number = _newest(backups) if backups.is_dir() else 0
    folder = backups / f"{number:04d}"
    if not (folder / _MANIFEST).is_file():
        raise FileSetError(f"there is nothing to undo in {backups}")
    entries = _entries(folder)
    for entry in entries:
        if _hash(Path(entry.path)) not in (entry.after, entry.before):
            raise FileSetError(
                f"{entry.path} was changed since: nothing was undone. What it was before is"
                f" in {folder}"
            )
    _restore(folder, entries)
    shutil.rmtree(folder)
    return tuple((Path(entry.path), entry.copy is not None) for entry in entries)


def _entries(folder: Path) -> list[_Entry]:
    try:
        document: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
        return [_Entry(**entry) for entry in document["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FileSetError(f"{folder / _MANIFEST} cannot be read: {error}") from error


def _hash(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _restore(folder: Path, entries: Sequence[_Entry]) -> None:
    """Make every file what it was; one that is so already is not touched."""
    entries = [entry for entry in entries if not _untouched(entry)]
    staged = [
        (_stage(_was(entry, folder)), Path(entry.path))
        for entry in entries
        if entry.copy is not None
    ]
    for entry in entries:
        if entry.copy is None:
            Path(entry.path).unlink(missing_ok=True)
    _swap(staged)


def _untouched(entry: _Entry) -> bool:
    path = Path(entry.path)
    if _hash(path) != entry.before:
        return False
    if entry.before is None:
        return True
    found = path.stat()
    now = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    return now == (entry.mode, entry.uid, entry.gid)


def _was(entry: _Entry, folder: Path) -> Write:
    data = (folder / str(entry.copy)).read_bytes()
    owner = (entry.uid, entry.gid) if os.geteuid() == 0 else None
    return Write(path=Path(entry.path), data=data, mode=entry.mode, owner=owner)
