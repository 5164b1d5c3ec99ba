from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.config_text import parse
from lvsm.core.places import Place, Places
from lvsm.core.problems import Problem, Severity, located, render
from tests.unit.strategies import texts

DR_PORT = Problem(
    code="dr-port",
    message="realserver rs2 uses port 8080",
    advice="Use port 80 on rs2.",
    place=Place(line=2, column=8, length=4),
)
TEXT = '[[vip.web.realserver]]\nport = 8080\nnode = "rs2"\n'


def test_a_problem_is_shown_with_its_line_and_advice() -> None:
    assert render(DR_PORT, TEXT, "new.toml").split("\n") == [
        "new.toml:2:8 dr-port: realserver rs2 uses port 8080",
        "    port = 8080",
        "           ^^^^",
        "  Use port 80 on rs2.",
    ]


def test_a_warning_says_so() -> None:
    warning = replace(DR_PORT, severity=Severity.WARNING)
    assert render(warning, TEXT, "x").startswith("x:2:8 warning: dr-port: ")
    assert (DR_PORT.is_error, warning.is_error) == (True, False)


def test_a_problem_without_a_place_is_told_in_two_lines() -> None:
    shown = render(replace(DR_PORT, place=None), TEXT, "x")
    assert shown == "x: dr-port: realserver rs2 uses port 8080\n  Use port 80 on rs2."


def test_lines_of_windows_are_shown_without_their_return() -> None:
    assert render(DR_PORT, TEXT.replace("\n", "\r\n"), "x") == render(DR_PORT, TEXT, "x")


def test_a_place_beyond_the_text_is_survived() -> None:
    assert render(DR_PORT, "", "x").split("\n")[1:3] == ["    ", "    ^"]


@given(texts)
def test_what_is_wrong_with_any_text_can_be_shown_and_sent(text: str) -> None:
    for problem in parse(text).problems:
        shown = render(problem, text, "x").split("\n")
        assert len(shown) == 4
        assert f" {problem.code}: " in shown[0]
        assert "^" in shown[2]
        assert shown[3] == f"  {problem.advice}"
        "\n".join(shown).encode()
        assert problem.to_json()["line"] == int(shown[0].split(":")[1])


def test_a_problem_as_a_document() -> None:
    problem = replace(DR_PORT, path=("vip", "web", "realserver", 0, "port"))
    assert problem.to_json() == {
        "code": "dr-port",
        "severity": "error",
        "message": "realserver rs2 uses port 8080",
        "advice": "Use port 80 on rs2.",
        "path": ["vip", "web", "realserver", 0, "port"],
        "line": 2,
        "column": 8,
    }
    assert replace(problem, place=None).to_json()["line"] is None


def test_places_are_found_for_keys_and_values_in_the_texts_order() -> None:
    text = "b = 1\na = [1, 2]\n"
    wanted = [
        replace(DR_PORT, place=None, path=("a", 1)),
        replace(DR_PORT, place=None, path=("a",), on_key=True),
        replace(DR_PORT, place=None, path=("b",)),
        replace(DR_PORT, place=Place(line=1, column=1)),
    ]
    found = [problem.place for problem in located(wanted, lambda: Places(text))]
    assert found == [
        Place(line=1, column=1),
        Place(line=1, column=5),
        Place(line=2, column=1),
        Place(line=2, column=9),
    ]


@given(st.lists(st.just(DR_PORT), max_size=2))
def test_a_text_is_not_looked_through_when_all_places_are_known(problems: list[Problem]) -> None:
    def never() -> Places:
        raise AssertionError

    assert located(problems, never) == tuple(problems)
