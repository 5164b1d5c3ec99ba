from __future__ import annotations

import os
from pathlib import Path

from lvsm.adapters import lock


def test_one_has_it_until_its_last_process_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    mine = lock.take(path)
    assert mine is not None
    assert lock.take(path) is None
    assert not os.get_inheritable(mine)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(reader, 1)
        os._exit(0)
    os.close(mine)
    assert lock.take(path) is None
    os.write(writer, b"x")
    os.waitpid(child, 0)
    again = lock.take(path)
    assert again is not None
    for descriptor in (again, reader, writer):
        os.close(descriptor)
