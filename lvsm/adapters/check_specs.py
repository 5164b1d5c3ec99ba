"""The files in /run/lvsm/checks that tell mon's monitors what to check.

Law: a file is whole, the old or the new one, and only mon's group can read it: a check may carry a
password. The folder is made while plvsd is still root (`plvsd.py`), with mon's group for all in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lvsm.adapters import files


class CheckSpecs:
    """Satisfies `daemon.ports.CheckSpecs`."""

    def __init__(self, folder: Path) -> None:
        """Nothing is written yet."""
        self._folder = folder

    def replace(self, texts: Mapping[str, str]) -> None:
        """Make these the files, and remove the others; raises OSError."""
        for name, text in texts.items():
            path = self._folder / name
            data = text.encode("utf-8", "surrogatepass")
            with suppress(FileNotFoundError):
                if path.read_bytes() == data:
                    continue
            files.replace(path, data, mode=0o640, durable=False)
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name not in texts:
                path.unlink(missing_ok=True)
