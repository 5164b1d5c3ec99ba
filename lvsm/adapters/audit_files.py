"""The audit log's files: `audit.jsonl`, and what it was before as `audit.jsonl.1`, `.2`, ...

Laws: what `append` was given is on the disk when it returns, whole lines behind whole lines. What
a power cut or a full disk left of a line is cut off before anything is written behind it. A file
that somebody moved away or removed is begun anew.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from lvsm.core.audit import AnyRecord, BadRecordError, Batch, parse

log = logging.getLogger(__name__)

MAX_BYTES = 8 * 1024 * 1024
KEEP = 8
MODE = 0o640
BATCH = 200
"""Records that are read at once: what an event loop can send without others noticing."""


class AuditFiles:
    """One log's files; every method blocks, and only one thread appends."""

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = MAX_BYTES,
        keep: int = KEEP,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        """Of files of `max_bytes` each, `keep` are kept; `sync` makes a descriptor durable."""
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._sync = sync
        self._descriptor: int | None = None
        self._doubtful: int | None = None
        self._names = threading.Lock()

    def last(self) -> int:
        """The number of the newest record, 0 when there is none; raises OSError."""
        for path in self._paths():
            for line in reversed(path.read_bytes().splitlines()):
                try:
                    return parse(line).seq
                except BadRecordError:
                    continue
        return 0

    def append(self, data: bytes) -> None:
        """Add whole lines; raises OSError, and then they are cut off before the next."""
        descriptor = self._ready()
        size = os.fstat(descriptor).st_size
        if size and size + len(data) > self._max_bytes:
            self._rotate()
            descriptor, size = self._ready(), 0
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            self._sync(descriptor)
        except OSError:
            self._doubtful = size
            self.close()
            raise

    def close(self) -> None:
        """Close the file; `append` opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def batches(self, *, since: float, after: int, limit: int | None) -> Iterator[Batch]:
        """The records from `since` (seconds since 1970) on and behind number `after`.

        With a `limit` only the newest so many. Raises OSError.
        """
        found: deque[AnyRecord] = deque(maxlen=limit)
        damaged = 0
        with ExitStack() as stack:
            for file in self._opened(stack, since):
                for line in file:
                    record = _record(line)
                    if record is None:
                        damaged += 1
                    elif record.at >= since and record.seq > after:
                        found.append(record)
                    if limit is None and len(found) >= BATCH:
                        yield Batch(records=tuple(found), damaged=damaged)
                        found.clear()
                        damaged = 0
        while found or damaged:
            records = tuple(found.popleft() for _ in range(min(BATCH, len(found))))
            yield Batch(records=records, damaged=damaged)
            damaged = 0

    def _opened(self, stack: ExitStack, since: float) -> list[BinaryIO]:
        """The files that may have records from `since` on, the oldest first."""
        opened: list[BinaryIO] = []
        with self._names:
            for path in self._paths():
                file = stack.enter_context(path.open("rb"))
                if os.fstat(file.fileno()).st_mtime < since:
                    break
                opened.append(file)
        return opened[::-1]

    def _paths(self) -> list[Path]:
        """The files that there are, the newest first."""
        return [path for path in map(self._name, range(self._keep)) if path.exists()]

    def _name(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def _ready(self) -> int:
        """The open file, mended if that is due."""
        if self._descriptor is not None and not self._is_in_place(self._descriptor):
            self.close()
        if self._descriptor is None:
            descriptor = self._open()
            try:
                self._mend(descriptor)
            except OSError:
                os.close(descriptor)
                raise
            self._descriptor, self._doubtful = descriptor, None
        return self._descriptor

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.lstat())
        except FileNotFoundError:
            return False

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(self.path, flags)
        except FileNotFoundError:
            descriptor = os.open(self.path, flags | os.O_CREAT | os.O_EXCL, MODE)
        os.fchmod(descriptor, MODE)  # whatever the umask made of it
        self._sync_folder()
        return descriptor

    def _mend(self, descriptor: int) -> None:
        """Cut off what was not written durably, and a piece of a record."""
        size = os.fstat(descriptor).st_size
        if self._doubtful is not None and size > self._doubtful:
            os.ftruncate(descriptor, self._doubtful)
            size = self._doubtful
        data = os.pread(descriptor, size, 0)
        whole = data.rfind(b"\n") + 1
        if whole < size and _record(data[whole:]) is not None:
            os.write(descriptor, b"\n")
        elif whole < size:
            log.warning("%s ended within a record: %d bytes cut off", self.path, size - whole)
            os.ftruncate(descriptor, whole)

    def _rotate(self) -> None:
        self.close()
        with self._names:
            for number in range(self._keep - 1, 0, -1):
                if self._name(number - 1).exists():
                    self._name(number - 1).replace(self._name(number))
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._sync(descriptor)
        finally:
            os.close(descriptor)


def _record(line: bytes) -> AnyRecord | None:
    try:
        return parse(line)
    except BadRecordError:
        return None
