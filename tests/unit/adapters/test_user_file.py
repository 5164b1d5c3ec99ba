import logging
import stat
from functools import partial
from pathlib import Path

import pytest

from lvsm.adapters import files
from lvsm.adapters.user_file import UserFile
from lvsm.core import users as user_table
from lvsm.core.roles import Role
from lvsm.core.users import Users
from tests.unit.core.test_users import OTHER, VERIFIER

replace = partial(files.replace, mode=0o600)


def refuse(_path: Path, _data: bytes) -> None:
    raise OSError(28, "No space left on device")


def test_the_first_start_is_seeded_and_the_file_rules_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    assert UserFile(path, replace, seed=VERIFIER).read() == user_table.seeded(VERIFIER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert UserFile(path, replace, seed=OTHER).read() == user_table.seeded(VERIFIER)


async def test_what_was_replaced_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    store = UserFile(path, replace, seed=VERIFIER)
    users = user_table.add(store.read(), "alice", Role.VIEWER, OTHER)
    await store.replace(users)
    assert store.read() == users
    assert UserFile(path, replace, seed=None).read() == users
    assert [file.name for file in tmp_path.iterdir()] == ["users.toml"]


async def test_a_disk_that_refuses_leaves_the_old_users(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    UserFile(path, replace, seed=VERIFIER)
    store = UserFile(path, refuse, seed=None)
    with pytest.raises(OSError, match="No space"):
        await store.replace(user_table.add(store.read(), "alice", Role.VIEWER, OTHER))
    assert store.read() == user_table.seeded(VERIFIER)
    assert UserFile(path, replace, seed=None).read() == user_table.seeded(VERIFIER)


def test_a_node_that_cannot_write_at_its_first_start_still_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert UserFile(tmp_path / "users.toml", refuse, seed=VERIFIER).read().by_name["admin"].verifier
    assert "No space" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"[user.admin", b"\xff", b'verifier = "hunter2"'])
async def test_a_damaged_file_lets_nobody_in_and_is_kept_beside_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    path = tmp_path / "users.toml"
    path.write_bytes(damage)
    with caplog.at_level(logging.ERROR):
        store = UserFile(path, replace, seed=VERIFIER)
    assert store.read() == Users()
    assert str(path) in caplog.text
    assert "hunter2" not in caplog.text
    assert path.read_bytes() == damage  # the next start must not find it gone, and seed anew
    users = user_table.set_verifier(store.read(), "admin", OTHER)
    await store.replace(users)
    assert UserFile(path, replace, seed=VERIFIER).read() == users
    assert (tmp_path / "users.damaged").read_bytes() == damage


async def test_a_damaged_file_stays_when_the_next_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    path.write_bytes(b"junk")
    store = UserFile(path, refuse, seed=VERIFIER)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            await store.replace(user_table.set_verifier(store.read(), "admin", OTHER))
    assert path.read_bytes() == b"junk"
