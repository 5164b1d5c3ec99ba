from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from lvsm.core import epochs
from lvsm.core.errors import LvsmError
from lvsm.core.generation import EMPTY, Generation
from lvsm.core.messages import BadRequestError
from lvsm.core.principal import local_principal
from lvsm.core.replication import disk as disks
from lvsm.core.session_actions import Request
from lvsm.daemon import comparing_apart
from lvsm.daemon.comparing_apart import ComparingApart, difference
from lvsm.daemon.history_verbs import HistoryVerbs
from lvsm.daemon.recaller import LostGenerationError
from lvsm.daemon.view import View
from tests.unit.daemon.replies import FakeReply

WEB = '[vip.web]\naddress = "192.0.2.10"\nports = [80]\ndirectors = ["dir1"]\n'
NOW = 1_000.0


class Past:
    """A disk with generations, some of which may be lost. Counts what is read."""

    def __init__(self, *generations: Generation) -> None:
        self.disk = disks.fresh("dir1", "disk", ["dir1"])
        for generation in generations:
            self.disk = disks.committed(self.disk, generation).disk
        self._kept = {generation.hash: generation for generation in generations}
        self.reads = 0

    def lose(self, generation: Generation) -> None:
        del self._kept[generation.hash]

    def read(self, key: str) -> Generation | None:
        self.reads += 1
        return self._kept.get(key)


class Clock:
    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return NOW


def saved(parent: Generation, text: str, **more: Any) -> Generation:
    number = parent.number + 1
    facts = {"author": "ann", "node": "dir1", "comment": f"no. {number}", "saved_at": 900.0}
    return Generation(number=number, text=text, parent=parent.hash, **{**facts, **more})


ONE = saved(EMPTY, WEB)
TWO = saved(ONE, "# now twice\n" + WEB.replace("[80]", "[80, 443]"), author="bob")
THREE = saved(TWO, "what = 'a newer version has keys'", epoch=epochs.begun(1, 7))


async def here(*frames: bytes) -> AsyncGenerator[bytes, None]:
    """What runs in a process of its own, run here."""
    for frame in comparing_apart.answer(frames):
        yield frame


def verbs_of(past: Past) -> HistoryVerbs:
    view = View(me="dir1", members=("dir1",), generation=past.disk.head)
    return HistoryVerbs(view=view, past=past, clock=Clock(), compare=ComparingApart(here))


async def ask(past: Past, verb: str, *args: str, **options: str) -> FakeReply:
    reply = FakeReply()
    table = verbs_of(past).table()
    handle: Callable[[Request, Any], Awaitable[object]] = table[verb].handle
    request = Request(
        verb=verb,
        args=args,
        options=options,
        literal=None,
        principal=local_principal(0, "root"),
        origin="here",
    )
    reply.ok(str(await handle(request, reply)))
    return reply


async def test_the_present_generation_is_shown_and_any_before_it() -> None:
    past = Past(ONE, TWO)
    [shown] = (await ask(past, "CONFIG SHOW")).items
    assert (shown["generation"], shown["text"], shown["author"]) == (2, TWO.text, "bob")
    assert shown["hash"] == TWO.hash
    [shown] = (await ask(past, "CONFIG SHOW", "1")).items
    assert (shown["generation"], shown["text"], shown["saved_at"]) == (1, WEB, 900.0)
    [shown] = (await ask(past, "CONFIG SHOW", "0")).items
    assert (shown["generation"], shown["text"]) == (0, "")


async def test_the_history_has_the_newest_first_with_author_and_comment() -> None:
    reply = await ask(Past(ONE, TWO, THREE), "CONFIG HISTORY")
    keys = ("generation", "author", "comment", "state")
    assert [tuple(row[key] for key in keys) for row in reply.items] == [
        (3, "ann", "no. 3", "in use"),
        (2, "bob", "no. 2", "saved"),
        (1, "ann", "no. 1", "saved"),
    ]
    assert reply.end == ("ok", "3 of 3 shown")


async def test_the_history_before_the_first_save_is_empty() -> None:
    assert (await ask(Past(), "CONFIG HISTORY")).end == ("ok", "0 of 0 shown")


async def test_a_long_history_is_shown_in_part_and_each_text_is_read_once() -> None:
    generations = [ONE]
    for number in range(40):
        generations.append(saved(generations[-1], f"# {number}\n"))
    past = Past(*generations)
    verbs = verbs_of(past)
    request = Request(
        verb="CONFIG HISTORY",
        args=(),
        options={"limit": "30"},
        literal=None,
        principal=local_principal(0, "root"),
        origin="here",
    )
    for _ in range(3):
        reply = FakeReply()
        assert await verbs.config_history(request, reply) == "30 of 41 shown"
        assert len(reply.items) == 30
    assert past.reads == 29
    assert len((await ask(past, "CONFIG HISTORY")).items) == 20


async def test_a_generation_whose_file_is_damaged_stays_in_the_history() -> None:
    past = Past(ONE, TWO)
    past.lose(ONE)
    [_, row] = (await ask(past, "CONFIG HISTORY")).items
    assert (row["generation"], row["author"], row["ago_s"]) == (1, None, None)
    with pytest.raises(LostGenerationError):
        await ask(past, "CONFIG SHOW", "1")


async def test_two_generations_are_compared_as_texts_and_as_configurations() -> None:
    past = Past(ONE, TWO)
    for words in (("1", "2"), ("1",)):
        [found] = (await ask(past, "CONFIG DIFF", *words)).items
        assert (found["from"]["generation"], found["to"]["generation"]) == (1, 2)
        assert found["changes"] == [
            {
                "change": "changed",
                "of": "vip",
                "name": "web",
                "vip": None,
                "values": {"ports": [[80], [80, 443]]},
            }
        ]
        assert found["lines"][:2] == ["--- generation 1", "+++ generation 2"]
        assert "+# now twice" in found["lines"]
        assert "text" not in found["from"]


async def test_a_text_that_this_version_cannot_read_is_compared_as_text() -> None:
    [found] = (await ask(Past(ONE, TWO, THREE), "CONFIG DIFF", "2", "3")).items
    assert found["changes"] is None
    assert any(line.startswith("+what") for line in found["lines"])


@pytest.mark.parametrize(
    ("verb", "args", "options"),
    [
        ("CONFIG SHOW", ("1", "2"), {}),
        ("CONFIG DIFF", (), {}),
        ("CONFIG DIFF", ("1", "2", "3"), {}),
        ("CONFIG HISTORY", ("1",), {}),
        ("CONFIG HISTORY", (), {"limit": "many"}),
        ("CONFIG HISTORY", (), {"page": "2"}),
        ("CONFIG SHOW", ("9",), {}),
        ("CONFIG DIFF", ("1", "latest"), {}),
    ],
)
async def test_what_does_not_fit_is_refused(
    verb: str, args: tuple[str, ...], options: dict[str, str]
) -> None:
    with pytest.raises(LvsmError) as caught:
        await ask(Past(ONE), verb, *args, **options)
    assert isinstance(caught.value, BadRequestError) or caught.value.code == "unknown-generation"


async def test_long_texts_are_compared_elsewhere_with_the_same_result() -> None:
    long = saved(TWO, TWO.text + "# filled\n" * 10_000)
    [found] = (await ask(Past(ONE, TWO, long), "CONFIG DIFF", "1", "3")).items
    same = difference(WEB, long.text, names=("generation 1", "generation 3"))
    assert len(same["lines"]) > 10_000
    assert (found["changes"], found["lines"]) == (same["changes"], same["lines"])
