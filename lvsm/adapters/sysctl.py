"""Kernel parameters under /proc/sys, by their dotted names (sysctl(8)).

They are read each second, since the kernel tells nobody when one changes: so each one's path is
made once.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from lvsm.core.errors import LvsmError


class SysctlError(LvsmError):
    """A kernel parameter that does not exist or cannot be written."""

    code = "sysctl"


_MOST_BYTES = 64


class Sysctls:
    """The parameters below `root`; their values are whole numbers."""

    def __init__(self, root: Path = Path("/proc/sys")) -> None:
        """Keep the folder."""
        self._root = root
        self._paths: dict[str, str] = {}

    def read(self, names: Collection[str]) -> dict[str, int]:
        """The values of those of `names` that exist."""
        found = {}
        for name in names:
            try:
                found[name] = int(_content(self._path(name)))
            except (OSError, ValueError):
                continue
        return found

    def write(self, name: str, value: int) -> None:
        """Set one parameter; raises SysctlError."""
        try:
            Path(self._path(name)).write_text(f"{value}\n")
        except OSError as error:
            raise SysctlError(f"{name} cannot be set to {value}: {error}") from error

    def _path(self, name: str) -> str:
        known = self._paths.get(name)
        if known is None:
            parts = name.split(".")
            if "" in parts or any("/" in part for part in parts):
                raise SysctlError(f"{name!r} is no name of a kernel parameter")
            known = self._paths[name] = str(self._root.joinpath(*parts))
        return known


def _content(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)
