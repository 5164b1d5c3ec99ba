from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.adapters.audit_files import AuditFiles
from tests.unit.adapters.audit_records import line


class Disk:
    """Makes descriptors durable until it breaks."""

    def __init__(self) -> None:
        self.synced = 0
        self.broken = False

    def __call__(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "I/O error")
        os.fsync(descriptor)
        self.synced += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def files(path: Path) -> Iterator[AuditFiles]:
    opened = AuditFiles(path, max_bytes=1000, keep=3)
    yield opened
    opened.close()


def numbers(
    files: AuditFiles, since: float = 0.0, after: int = 0, limit: int | None = None
) -> list[int]:
    batches = files.batches(since=since, after=after, limit=limit)
    return [record.seq for batch in batches for record in batch.records]


def test_what_was_appended_is_read_back_in_order(files: AuditFiles, path: Path) -> None:
    for seq in range(1, 4):
        files.append(line(seq))
    assert numbers(files) == [1, 2, 3]
    assert files.last() == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_log_is_empty(files: AuditFiles) -> None:
    assert (files.last(), numbers(files)) == (0, [])


def test_it_is_durable_when_append_returns(path: Path) -> None:
    disk = Disk()
    files = AuditFiles(path, sync=disk)
    files.append(line(1))
    first = disk.synced
    files.append(line(2))
    assert disk.synced == first + 1
    files.close()


def test_full_files_make_way_and_the_oldest_goes(files: AuditFiles, path: Path) -> None:
    for seq in range(1, 41):
        files.append(line(seq))
    names = sorted(entry.name for entry in path.parent.iterdir())
    assert names == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert all(entry.stat().st_size <= 1000 for entry in path.parent.iterdir())
    found = numbers(files)
    assert found == list(range(found[0], 41))
    assert found[0] > 1
    assert files.last() == 40


def test_a_reader_sees_whole_files_while_they_make_way(files: AuditFiles) -> None:
    for seq in range(1, 11):
        files.append(line(seq))
    batches = files.batches(since=0.0, after=0, limit=None)
    before = numbers(files)
    seen = [r.seq for r in next(batches).records]
    for seq in range(11, 40):
        files.append(line(seq))
    seen += [r.seq for batch in batches for r in batch.records]
    assert seen[: len(before)] == before


@pytest.mark.parametrize("torn", [line(3)[:-20], b"\x00" * 5000, b"{"])
def test_a_piece_of_a_record_is_cut_off_after_a_power_cut(path: Path, torn: bytes) -> None:
    path.write_bytes(line(1) + line(2) + torn)
    files = AuditFiles(path)
    assert files.last() == 2
    files.append(line(3))
    assert path.read_bytes() == line(1) + line(2) + line(3)
    files.close()


@given(st.integers(0, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_the_power_was_cut_the_log_goes_on(path: Path, length: int) -> None:
    written = line(1) + line(2) + line(3)
    path.write_bytes(written[:length])
    files = AuditFiles(path)
    last = files.last()
    files.append(line(last + 1))
    assert numbers(files) == list(range(1, last + 2))
    assert not any(batch.damaged for batch in files.batches(since=0, after=0, limit=None))
    files.close()


def test_a_record_that_lacks_only_its_line_feed_is_kept(path: Path) -> None:
    path.write_bytes(line(1) + line(2)[:-1])
    files = AuditFiles(path)
    files.append(line(3))
    assert numbers(files) == [1, 2, 3]
    files.close()


def test_damage_between_records_is_counted_and_left_alone(path: Path, files: AuditFiles) -> None:
    path.write_bytes(line(1) + b"\x00\x00 damaged\n" + line(2))
    files.append(line(3))
    (batch,) = files.batches(since=0.0, after=0, limit=None)
    assert ([r.seq for r in batch.records], batch.damaged) == ([1, 2, 3], 1)


def test_what_the_disk_did_not_take_is_cut_off_and_may_be_written_again(path: Path) -> None:
    disk = Disk()
    files = AuditFiles(path, sync=disk)
    files.append(line(1))
    disk.broken = True
    for _ in range(3):
        with pytest.raises(OSError, match="I/O error"):
            files.append(line(2))
    disk.broken = False
    files.append(line(2) + line(3))
    assert path.read_bytes() == line(1) + line(2) + line(3)
    files.close()


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_file_that_somebody_took_away_is_begun_anew(
    files: AuditFiles, path: Path, how: str
) -> None:
    files.append(line(1))
    if how == "moved":
        path.rename(path.with_name("elsewhere"))
    else:
        path.unlink()
    files.append(line(2))
    assert path.read_bytes() == line(2)


def test_a_link_in_its_place_is_not_followed(files: AuditFiles, path: Path) -> None:
    (path.parent / "victim").write_bytes(b"precious")
    path.symlink_to(path.parent / "victim")
    with pytest.raises(OSError):  # noqa: PT011  ELOOP; its text is the system's
        files.append(line(1))
    assert (path.parent / "victim").read_bytes() == b"precious"


def test_records_are_chosen_by_time_number_and_count(files: AuditFiles) -> None:
    files.append(b"".join(line(seq, at=1e9 + seq) for seq in range(1, 9)))
    assert numbers(files, since=1e9 + 6) == [6, 7, 8]
    assert numbers(files, after=6) == [7, 8]
    assert numbers(files, limit=2) == [7, 8]
    assert numbers(files, limit=0) == []
    assert numbers(files, since=1e9 + 3, limit=100) == [3, 4, 5, 6, 7, 8]
    assert numbers(files, since=9e9) == []


@pytest.mark.parametrize("limit", [None, 950])
def test_many_records_come_in_batches(path: Path, limit: int | None) -> None:
    path.write_bytes(b"".join(map(line, range(1, 1001))))
    batches = list(AuditFiles(path).batches(since=0.0, after=0, limit=limit))
    assert max(len(batch.records) for batch in batches) <= 200
    assert [r.seq for b in batches for r in b.records][-950:] == list(range(51, 1001))
