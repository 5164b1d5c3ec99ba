"""A text that somebody edits, kept in a file until it is saved or given up.

Law: what a person typed is never lost: the file goes only when its text is saved, or when it says
nothing that was not there before.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from lvsm.core.errors import LvsmError

NOTE = "#! "
"""What begins a line that LVSM put on top of the text; such lines are taken out again."""


class Draft:
    """A text in a file of its own, which only its owner can read."""

    def __init__(self, text: str) -> None:
        """Write the file."""
        handle, name = tempfile.mkstemp(prefix="lvsm-", suffix=".toml", text=False)
        os.close(handle)
        self.path = Path(name)
        self.write(text)

    @property
    def text(self) -> str:
        """What it says now, without notes on top; raises LvsmError for what is no UTF-8."""
        try:
            whole = self.path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise LvsmError(f"{self.path} is not UTF-8 text: {error}") from error
        while whole.startswith(NOTE.rstrip()):
            whole = whole.partition("\n")[2]
        return whole

    def write(self, text: str, notes: Sequence[str] = ()) -> None:
        """Replace the text, with notes on top that say what has to be mended."""
        top = "".join(f"{NOTE}{line}\n" for note in notes for line in note.split("\n"))
        new = self.path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes((top + text).encode())
        new.replace(self.path)

    def edit(self) -> None:
        """Open it in $VISUAL or $EDITOR; raises LvsmError when that fails."""
        try:
            click.edit(filename=str(self.path))
        except click.ClickException as error:
            raise LvsmError(f"{error.message}: set EDITOR to the editor you want") from error

    def drop(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
