"""Kernel parameters under /proc/sys, by their dotted names (sysctl(8))."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from lvsm.core.errors import LvsmError


class SysctlError(LvsmError):
    """A kernel parameter that does not exist or cannot be written."""

    code = "sysctl"


class Sysctls:
    """The parameters below `root`; their values are whole numbers."""

    def __init__(self, root: Path = Path("/proc/sys")) -> None:
        """Keep the folder."""
        self._root = root

    def read(self, names: Collection[str]) -> dict[str, int]:
        """The values of those of `names` that exist."""
        found = {}
        for name in names:
            try:
                found[name] = int(self._path(name).read_text())
            except (OSError, ValueError):
                continue
        return found

    def write(self, name: str, value: int) -> None:
        """Set one parameter; raises SysctlError."""
        try:
            self._path(name).write_text(f"{value}\n")
        except OSError as error:
            raise SysctlError(f"{name} cannot be set to {value}: {error}") from error

    def _path(self, name: str) -> Path:
        parts = name.split(".")
        if "" in parts or any("/" in part for part in parts):
            raise SysctlError(f"{name!r} is no name of a kernel parameter")
        return self._root.joinpath(*parts)
