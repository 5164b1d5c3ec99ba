"""What a note about a stable code says: why somebody sees the code, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """Why it comes, and what to do: sentences for people, in Markdown's `code` quotes."""

    cause: str
    cure: str
