"""Replacing a file: whole and durably, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(
    path: Path,
    data: bytes,
    *,
    mode: int,
    owner: tuple[int, int] | None = None,
    durable: bool = True,
) -> None:
    """Make `data` the content of `path`; raises OSError, and then the old file is still there.

    `owner` is (uid, gid). When this returns, a power cut cannot undo it, unless `durable` is false:
    then only readers are sure to see the old or the new content and nothing between.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
