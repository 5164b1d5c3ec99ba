"""Every stable error code has its cause and its cure in lvsm/core/error_codes.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import lvsm
from lvsm.cli import exits
from lvsm.core.error_codes import CODES, Where, about
from lvsm.core.errors import LvsmError
from scripts.docs.source_codes import Found, find

PACKAGE = Path(lvsm.__file__).parent
DOCUMENTED = {code for notes in CODES.values() for code in notes}


@pytest.fixture(scope="module")
def used() -> Found:
    return find(PACKAGE)


def test_every_code_of_the_source_is_documented(used: Found) -> None:
    missing = [
        f'\n    "{code}": Note(\n        "WHY IT COMES.",\n        "WHAT TO DO.",\n    ),'
        f"  # used in {', '.join(places)}"
        for code, places in used.codes.items()
        if code not in DOCUMENTED
    ]
    if missing:
        pytest.fail(
            "these codes have no note: add them to lvsm/core/answer_codes.py (plvsd answers ERR),"
            " problem_codes.py (a mistake in a configuration) or error_codes.py (all others), by"
            " the alphabet, then run `make docs`:\n" + "".join(missing),
            pytrace=False,
        )


def test_every_documented_code_is_used(used: Found) -> None:
    unused = sorted(DOCUMENTED - used.codes.keys())
    if unused:
        pytest.fail(
            f"nothing in lvsm/ uses {', '.join(unused)}: remove the notes from"
            " lvsm/core/answer_codes.py, problem_codes.py or error_codes.py, then run `make docs`",
            pytrace=False,
        )


def test_every_code_is_written_out_where_it_is_used(used: Found) -> None:
    if used.unreadable:
        pytest.fail(
            f"write the code out in full, so that it can be found: {', '.join(used.unreadable)}",
            pytrace=False,
        )


def test_every_error_class_has_a_code_that_was_found(used: Found) -> None:
    for path in PACKAGE.rglob("*.py"):
        import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    codes = {kind.code for kind in _below(LvsmError) if kind.__module__.startswith("lvsm.")}
    assert codes <= used.codes.keys()


def test_exit_codes_are_of_known_codes() -> None:
    assert exits._OF_CODE.keys() <= DOCUMENTED


def test_notes_are_sentences_in_the_order_of_the_alphabet() -> None:
    for where, notes in CODES.items():
        assert list(notes) == sorted(notes), where
        for code, note in notes.items():
            assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)
            for text in note:
                assert re.fullmatch(r"(?:plvsd|[A-Z`/])[^|\n]*[.?]", text), (code, text)


def test_a_code_is_told_wherever_it_is_met() -> None:
    assert about("invalid").keys() == {Where.ANSWER, Where.KERNEL}
    assert about("no-such") == {}


SAMPLE = """
TABLE = {1: "in-table", 2: "in-table-too"}

class One(LvsmError):
    code = "of-class"

class Two:
    code: str
    message: str

def maker(message, code="by-default"):
    code = "chosen" if message else "chosen-else"

def named(number):
    if number:
        return TABLE.get(number, "fallback")
    return "returned"

maker("text", "by-place")
self.maker("text", code="by-keyword")
Two("field", "no code")
Two(code=named(3), message="x")
other("no", "taker")
hidden(code=f"{1}-port")
code = error.code
"""


def test_what_is_given_to_something_called_code_is_found(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "sample.py").write_text(SAMPLE)
    found = find(package)
    assert set(found.codes) == {
        "of-class", "by-default", "chosen", "chosen-else", "by-place", "by-keyword", "field",
        "in-table", "in-table-too", "fallback", "returned",
    }  # fmt: skip
    assert found.unreadable == ("package/sample.py:24",)


def _below(kind: type[LvsmError]) -> Iterator[type[LvsmError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)
