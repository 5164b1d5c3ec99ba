"""docs/client.md: its examples run against a real plvsd, its tables say what the code says."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import fields
from pathlib import Path

from lvsm import client
from lvsm.cli import exits
from lvsm.client import AddressError, Deadlines, LvsmError
from lvsm.core.conversation import RefusedError
from lvsm.core.responses import Err
from scripts.docs import node

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
ROW = re.compile(r"^\| `(\w+)`[^|]*\|([^|]*)\|([^|]*)\|$", re.M)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def run(examples: list[str], first: str, second: str, secret_file: Path) -> None:
    """Run them one after the other, with the names of earlier ones known to later ones."""
    names: dict[str, object] = {"secret_file": secret_file, "__name__": "example"}
    for example in examples:
        source = example.replace('"dir1"', f'"{first}"').replace('"dir2"', f'"{second}"')
        exec(compile(source, str(PAGE), "exec"), names)  # noqa: S102  the docs are ours


async def test_the_examples_run(tmp_path: Path) -> None:
    assert len(EXAMPLES) >= 9
    secret_file = tmp_path / "secret"
    secret_file.write_text(node.PASSWORD + "\n")
    async with node.running(tmp_path) as served:
        alive, dead = f"127.0.0.1:{served.port}", f"127.0.0.1:{free_port()}"
        await asyncio.to_thread(run, EXAMPLES, alive, dead, secret_file)
        of_two = [it for it in EXAMPLES if it.count('"dir1"') == it.count('"dir2"')]
        assert len(of_two) >= 5
        await asyncio.to_thread(run, ["text = b''", *of_two], dead, alive, secret_file)


def test_the_table_of_errors_is_whole_and_has_their_exit_codes() -> None:
    rows = {name: last.strip() for name, _, last in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    for name in client.__all__:
        kind = getattr(client, name)
        if not (isinstance(kind, type) and issubclass(kind, LvsmError)) or kind is LvsmError:
            continue
        assert name in rows, f"docs/client.md does not tell of {name}"
        if kind is AddressError:
            assert rows[name] == str(exits.USAGE)
        else:
            assert rows[name] == str(exits.of(_one(kind))), name


def test_the_table_of_deadlines_has_the_code_s() -> None:
    rows = {name: text for name, text, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    for field in fields(Deadlines):
        assert rows[field.name].strip().split(",")[0] == f"{field.default:g}"


def _one(kind: type[LvsmError]) -> LvsmError:
    if issubclass(kind, RefusedError):
        codes = {
            client.LoginRefusedError: "auth-failed",
            client.NotAllowedError: "forbidden",
            client.ConflictError: "conflict",
        }
        return kind(Err(codes.get(kind, "invalid"), ""))
    return kind("")
