"""A node that stops where a test wants it to, so that its power can be cut there.

Law: nothing of this exists unless LVSM_FAULT_POINTS was set when plvsd began, and only who may
write the folder that it names decides where to stop. The stages are those of the disk: before and
after each file that is replaced. What is seen from outside between two of them is the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path


class FaultPoints:
    """Takes the place of `replace(path, data)`.

    `FOLDER/stop` holds the number of the stage, counted from 0 since that file was written, where
    to stop for ever; then `FOLDER/stopped` appears.
    """

    def __init__(self, folder: Path, replace: Callable[[Path, bytes], None]) -> None:
        """Stop nowhere until `folder` says so."""
        self._folder = folder
        self._replace = replace
        self._armed = ""
        self._passed = 0

    def __call__(self, path: Path, data: bytes) -> None:
        """Replace the file, with a stage on either side."""
        self._stage()
        self._replace(path, data)
        self._stage()

    def _stage(self) -> None:
        try:
            armed = (self._folder / "stop").read_text()
        except FileNotFoundError:
            return
        if armed != self._armed:
            self._armed, self._passed = armed, 0
        if self._passed == int(armed.split()[0]):
            (self._folder / "stopped").touch()
            threading.Event().wait()
        self._passed += 1
