"""An initial root file system as the kernel takes it: cpio's newc format (initramfs buffer format).

Pure: entries in, bytes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FOLDER, FILE, LINK, DEVICE = 0o040000, 0o100000, 0o120000, 0o020000
_ALIGN = 4
_END = "TRAILER!!!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file; `data` of a link is where it leads, `device` the numbers of a character device."""

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive; a folder must come before what is in it."""
    parts = [_packed(number, entry) for number, entry in enumerate(entries, 1)]
    return b"".join((*parts, _packed(0, Entry(path=_END, mode=0))))


def _packed(number: int, entry: Entry) -> bytes:
    name = entry.path.encode() + b"\0"
    major, minor = entry.device
    fields = (number, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0, major, minor, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return _aligned(head) + _aligned(entry.data)


def _aligned(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGN)
