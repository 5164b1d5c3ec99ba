"""Every option that plvsd's handlers read is named in the verb's help or a docstring."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from lvsm.daemon import audit_verbs, config_verbs, save_answers
from scripts.docs import node


def options_read(handler: Any) -> set[str]:
    """The options that a handler, or what it calls in its own module, asks a request for.

    What a Save can be asked with stands in a module of its own.
    """
    function = getattr(handler, "__func__", handler)
    module = inspect.getmodule(function)
    assert isinstance(module, ModuleType)
    found = _options(ast.parse(inspect.getsource(module)), function.__name__)
    if "save_answers.asked" in inspect.getsource(function):
        found |= _options(ast.parse(inspect.getsource(save_answers)), "asked")
    return found


def _options(tree: ast.Module, function: str) -> set[str]:
    functions = {
        found.name: found
        for found in ast.walk(tree)
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    seen: set[str] = set()
    waiting = [function]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in seen:
            seen.add(name)
            for part in ast.walk(functions[name]):
                found |= set(_read(part))
                waiting += _named(part)
    return found


def _read(part: ast.AST) -> Iterator[str]:
    match part:
        case ast.Call(
            func=ast.Attribute(attr="get", value=ast.Attribute(attr="options")),
            args=[ast.Constant(value=str() as option), *_],
        ):
            yield option
        case ast.Subscript(
            value=ast.Attribute(attr="options"), slice=ast.Constant(value=str() as option)
        ):
            yield option
        case ast.Call(
            func=ast.Name(id="number"), args=[_, ast.Constant(value=str() as option), *_]
        ):
            yield option


def _named(part: ast.AST) -> list[str]:
    match part:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case _:
            return []


async def test_every_option_is_documented(tmp_path: Path) -> None:
    missing = [
        f"{name}: {option}"
        for name, verb in (await node.verbs(tmp_path)).items()
        for option in sorted(options_read(verb.handle))
        if option not in f"{verb.help} {inspect.getdoc(verb.handle)}"
    ]
    assert not missing, f"name these in the handler's docstring, then run `make docs`: {missing}"


def test_options_are_found_where_a_handler_or_its_helpers_read_them() -> None:
    assert options_read(config_verbs.ConfigVerbs.config_save) >= {"base", "comment", "name"}
    assert options_read(audit_verbs.AuditVerbs.show) == {"since", "limit"}
