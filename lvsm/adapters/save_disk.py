"""What this node remembers of Saves: /var/lib/lvsm/replication.json and the folder generations.

Law: a file appears whole and durably or not at all. A generation's file is never changed, and it is
there before the state that speaks of it. The state tells which of them count; the file names are
for people. A state that cannot be read is never taken for none, since a node that forgot its votes
must not vote: then plvsd does not start, and says what to do.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection
from pathlib import Path

from lvsm.core import epochs
from lvsm.core.errors import LvsmError
from lvsm.core.generation import BadGenerationError, Generation, decode, encode
from lvsm.core.replication import disk as disks
from lvsm.core.replication.disk import BadDiskError, Disk, Step

SPARE_BYTES = 1024 * 1024
"""What has to stay free beside a generation that is about to be voted for."""


class SaveDiskError(LvsmError):
    """What was kept cannot be used."""

    code = "bad-replication-state"


class SaveDisk:
    """Satisfies `daemon.ports.Store`; `replace(path, data)` writes a file whole and durably."""

    def __init__(self, folder: Path, replace: Callable[[Path, bytes], None]) -> None:
        """Keep everything below `folder`, which is there."""
        self._state = folder / "replication.json"
        self._folder = folder / "generations"
        self._replace = replace

    def load(self, me: str, members: Collection[str], *, incarnation: str) -> Disk:
        """The state, or that of a node that has seen nothing yet, with that `incarnation`.

        `members` are ha.cf's nodes. Until something is saved, the cluster is whatever ha.cf says.
        Raises SaveDiskError, OSError.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self._read()
        if found is None:
            return self._begin(disks.fresh(me, incarnation, members))
        if found.me != me:
            raise SaveDiskError(
                f"{self._state} belongs to {found.me}, and this node is {me}: a node keeps its"
                f" name; if this is a copy of another machine's disk, {self._advice()}"
            )
        if found.blank and found.genesis != disks.genesis_id(members):
            return self._begin(disks.fresh(me, found.incarnation, members))
        return found

    def write(self, step: Step) -> None:
        """Make a step durable: the generations, then the state. Raises OSError."""
        for generation in step.keep:
            self._replace(self._file(generation), encode(generation))
        self._replace(self._state, disks.encode(step.disk))

    def read(self, key: str) -> Generation | None:
        """The generation with that hash; None when it is not there or damaged."""
        for file in self._folder.glob(f"*-{key[:16]}.json"):
            try:
                generation = decode(file.read_bytes())
            except (OSError, BadGenerationError):
                continue
            if generation.hash == key:
                return generation
        return None

    def need(self, size: int) -> None:
        """See that a generation of `size` bytes can be voted for and learned; raises OSError.

        It is written as a vote, as the head and as a file, and each time beside what it replaces.
        """
        found = os.statvfs(self._folder)
        if found.f_bavail * found.f_frsize < 4 * size + SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))

    def _file(self, generation: Generation) -> Path:
        epoch = epochs.name(generation.epoch, width=6)
        place = f"{epoch}-{generation.number:08d}-{generation.hash[:16]}"
        return self._folder / f"{place}.json"

    def _begin(self, disk: Disk) -> Disk:
        older = sorted(self._folder.glob("*.json"))
        if older:
            raise SaveDiskError(
                f"{self._folder} has generations and {self._state} is missing: the state was lost,"
                " or an LVSM without the Save protocol kept them. Nobody can tell what this node"
                f" has voted for. The newest text is in {older[-1]}; {self._advice()}"
            )
        self.write(Step(disk=disk))
        return disk

    def _read(self) -> Disk | None:
        try:
            return disks.decode(self._state.read_bytes())
        except FileNotFoundError:
            return None
        except BadDiskError as error:
            raise SaveDiskError(
                f"{self._state} cannot be used: {error.message}; {self._advice()}"
            ) from error

    def _advice(self) -> str:
        return (
            f"to let this node begin anew, move {self._state} and {self._folder} away and start"
            " plvsd: it takes the configuration from the others and votes after the next Save; if"
            " all nodes begin anew, save the text on one of them"
        )
