from __future__ import annotations

import tomllib
from collections.abc import Iterator
from time import thread_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core.places import Path, Place, Places
from tests.unit.marks import unmarked
from tests.unit.strategies import texts
from tests.unit.toml_styles import documents, styled

VALUES: list[tuple[str, Path]] = [
    ("a = «1»", ("a",)),
    ("a = «1» # comment", ("a",)),
    ("\ta\t=\t«true»\t\n", ("a",)),
    ('x = 1\n\na = «"text # no comment"»', ("a",)),
    ("[t]\na = «'it\\'»", ("t", "a")),
    ("a = «[1, 2]»", ("a",)),
    ("a = [1, «2»]", ("a", 1)),
    ("a = [\n  1, # one ]\n  «2»,\n]", ("a", 1)),
    ("a = [[1], [2, «3»]]", ("a", 1, 1)),
    ("a = «[»\n 1,\n]", ("a",)),
    ("a = { b = { c = «7» } }", ("a", "b", "c")),
    ("a = «{ b = { c = 7 } }»", ("a",)),
    ("a.b.c = «7»", ("a", "b", "c")),
    ("[a]\nb.c = «7»", ("a", "b", "c")),
    ("[a . b]\nc = «7»", ("a", "b", "c")),
    ('["a.b"]\n"c\\"\\u00e9" = «7»', ("a.b", 'c"é')),
    ("[\"\\U0001F388\"]\n'c' = «7»", ("🎈", "c")),
    ('"\\\\U00000041" = «7»', ("\\U00000041",)),
    ("[[a]]\nb = 1\n[[a]]\nb = «2»", ("a", 1, "b")),
    ("[[a]]\n[[a.c]]\nd = 1\n[[a]]\n[[a.c]]\nd = «2»", ("a", 1, "c", 0, "d")),
    ("[[a]]\n[a.c]\nd = «2»", ("a", 0, "c", "d")),
    ("a = [{ b = 1 }, { b = «2» }]", ("a", 1, "b")),
    ("a = «1979-05-27 07:32:00»\nb = 1", ("a",)),
    ('a = """\nx = 1\n[b]\n"""\nb = «2»', ("b",)),
    ("a = '''\nx = 1\n'''\nb = «2»", ("b",)),
    ('a = «"""»\nx = 1"""', ("a",)),
    ('a = """"quoted""""\nb = «2»', ("b",)),
    ('a = ""\nb = «"漢字"»', ("b",)),
    ("a = 1\r\nb = «2»\r\nc = 3\r\n", ("b",)),
    ("a = «[»\r\n1]\r\n", ("a",)),
    ('"é漢" = 0\na = { "漢" = «1» }', ("a", "漢")),
]
KEYS: list[tuple[str, Path]] = [
    ("«a» = 1", ("a",)),
    ("  «a» = 1", ("a",)),
    ("«a.b» = 1", ("a", "b")),
    ("«a».b = 1", ("a",)),
    ("a = { «b» = 1 }", ("a", "b")),
    ("«[a.b]» # c", ("a", "b")),
    ("x = 1\n«[a.b]»", ("a",)),
    ("[a]\n«[[a.b]]»\n", ("a", "b", 0)),
    ("«[[a]]»\n[[a]]\n", ("a",)),
    ("a = [1, «2»]", ("a", 1)),
]
NEAREST: list[tuple[str, Path]] = [
    ("x = 1\n«[a]»\nb = 2", ("a", "missing")),
    ("x = 1\n«[[a]]»\nb = 2", ("a", 0, "missing", 3)),
    ("a = [{ b = 1 }, «{ b = 2 }»]", ("a", 1, "missing")),
    ("«x» = 1\ny = 2", ("x", "missing")),
    ("«#» nothing", ("a",)),
]


@pytest.mark.parametrize(("marked", "path"), VALUES)
def test_a_value_has_its_line_column_and_length(marked: str, path: Path) -> None:
    text, place = unmarked(marked)
    assert Places(text).value(path) == place


@pytest.mark.parametrize(("marked", "path"), KEYS)
def test_a_key_has_its_line_column_and_length(marked: str, path: Path) -> None:
    text, place = unmarked(marked)
    assert Places(text).key(path) == place


@pytest.mark.parametrize(("marked", "path"), NEAREST)
def test_what_is_not_there_has_the_place_of_the_nearest_around_it(marked: str, path: Path) -> None:
    text, place = unmarked(marked)
    assert Places(text).value(path) == place
    with pytest.raises(KeyError):
        Places(text).key_span(path)
    assert Places(text).value_span(path) is None


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document that is no table and no list, with its path."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from leaves(entry, (*path, index))
    else:
        yield path, value


@given(st.data(), documents)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_value_is_found_however_it_is_written(
    data: st.DataObject, document: dict[str, Any]
) -> None:
    text = data.draw(styled(document))
    assert tomllib.loads(text) == document
    places = Places(text)
    for path, value in leaves(document):
        span = places.value_span(path)
        assert span is not None, path
        assert tomllib.loads(f"x = {text[slice(*span)]}")["x"] == value
        start, end = places.key_span(path)
        assert 0 <= start < end <= len(text)
        place = places.value(path)
        line = text.split("\n")[place.line - 1]
        assert line[place.column - 1 :].startswith(text[span[0] : span[0] + place.length])


@given(texts | st.text("ab[]{}=.,\"'# \n\\U0"), st.lists(st.sampled_from(["a", "b", 0, 1])))
def test_any_text_has_places(text: str, path: list[str | int]) -> None:
    place = Places(text).value(tuple(path))
    assert 1 <= place.line <= text.count("\n") + 1
    assert place.column >= 1
    assert place.length >= 1


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "{a=" * 5000, "[" * 5000])
def test_deep_brackets_are_survived(text: str) -> None:
    assert Places("b = 1\n" + text).value(("b",)) == Place(line=1, column=5)


def test_a_large_text_takes_time_by_its_length_only() -> None:
    def seconds(tables: int) -> float:
        text = "".join(f"[vip.v{n}]\nports = [80]\n" for n in range(tables))
        start = thread_time()
        places = Places(text)
        for n in range(tables):
            places.value(("vip", f"v{n}", "ports"))
        return thread_time() - start

    small = min(seconds(1000) for _ in range(3))
    assert min(seconds(16_000) for _ in range(2)) < 16 * small * 8
