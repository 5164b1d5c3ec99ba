"""What plvsd makes before it works."""

from __future__ import annotations

from pathlib import Path

from lvsm.opening import make_haresources


def test_heartbeat_gets_a_file_of_resources_and_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "haresources"
    make_haresources(path)
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o644
    path.write_text("dir1 somebody's\n")
    make_haresources(path)
    assert path.read_text() == "dir1 somebody's\n"
