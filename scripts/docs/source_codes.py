"""Which error codes the source uses: read from its syntax, so that none is forgotten.

Law: a code is whatever text is given to something called `code`: a class's or a local variable, a
keyword, or the argument of a function whose parameter has that name. It is written out in full at
that place, or in a table or function of the same module. Events have codes too, and are no errors.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

NAME = "code"
NOT_ERRORS = frozenset({"events.py", "exits.py"})
"""Modules with other codes: those of events, and the exit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The codes of the source with the places that use each, and the places that hide theirs."""

    codes: Mapping[str, tuple[str, ...]]
    unreadable: tuple[str, ...]


def find(package: Path) -> Found:
    """Look through every module below `package`."""
    modules = [
        _Module(path.relative_to(package.parent), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(package.rglob("*.py"))
        if path.name not in NOT_ERRORS
    ]
    elsewhere: dict[str, set[int]] = defaultdict(set)
    for module in modules:
        for name, places in module.takers.items():
            elsewhere[name] |= places
    codes: dict[str, list[str]] = defaultdict(list)
    unreadable = []
    for module in modules:
        for expression in module.given({**elsewhere, **module.takers}):
            place = f"{module.path}:{expression.lineno}"
            for code in module.texts(expression):
                if code is None:
                    unreadable.append(place)
                else:
                    codes[code].append(place)
    return Found(
        codes={code: tuple(places) for code, places in sorted(codes.items())},
        unreadable=tuple(unreadable),
    )


class _Module:
    """One module's syntax."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self.path = path
        self.tree = tree

    @cached_property
    def takers(self) -> dict[str, set[int]]:
        """Functions and classes with a parameter `code`, and at which place it stands."""
        found: dict[str, set[int]] = defaultdict(set)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
                if NAME in names and node.name != "__init__":
                    found[node.name].add(names.index(NAME) - (names[0] == "self"))
            elif isinstance(node, ast.ClassDef):
                place = _place_in_class(node)
                if place is not None:
                    found[node.name].add(place)
        return dict(found)

    def given(self, takers: Mapping[str, set[int]]) -> Iterator[ast.expr]:
        """Every expression that is given to something called `code`."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Assign(targets=[ast.Name(id="code")], value=value):
                    yield value
                case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value):
                    yield value
                case ast.Call():
                    yield from _arguments(node, takers)
                case ast.arguments():
                    yield from _defaults(node)

    def texts(self, expression: ast.expr) -> Iterator[str | None]:
        """The codes that an expression can be; None for one that cannot be read."""
        match expression:
            case ast.Constant(value=str() as text):
                yield text
            case ast.JoinedStr() | ast.BinOp():
                yield None
            case _:
                for part in self._parts(expression):
                    yield from self.texts(part)

    def _parts(self, expression: ast.expr) -> list[ast.expr]:
        """The expressions from which one takes its value."""
        match expression:
            case ast.IfExp(body=body, orelse=orelse):
                return [body, orelse]
            case ast.Call(func=ast.Name(id=name)):
                return self._returned(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=arguments):
                return [*self._table(name), *arguments[1:]]
            case ast.Subscript(value=ast.Name(id=name)):
                return self._table(name)
            case _:
                return []

    def _returned(self, function: str) -> list[ast.expr]:
        return [
            inner.value
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef) and node.name == function
            for inner in ast.walk(node)
            if isinstance(inner, ast.Return) and inner.value is not None
        ]

    def _table(self, name: str) -> list[ast.expr]:
        for node in self.tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=target)], value=ast.Dict(values=values))
                    | ast.AnnAssign(target=ast.Name(id=target), value=ast.Dict(values=values))
                ) if target == name:
                    return values
        return []


def _place_in_class(node: ast.ClassDef) -> int | None:
    """Where a class's constructor takes a `code`: by its __init__, or as a dataclass's field."""
    fields = [
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            fields = [argument.arg for argument in statement.args.args[1:]]
    return fields.index(NAME) if NAME in fields else None


def _arguments(call: ast.Call, takers: Mapping[str, set[int]]) -> Iterator[ast.expr]:
    for keyword in call.keywords:
        if keyword.arg == NAME:
            yield keyword.value
    match call.func:
        case ast.Attribute(value=ast.Name(id="log")):
            return
        case ast.Name(id=name) | ast.Attribute(attr=name):
            for place in takers.get(name, ()):
                if place < len(call.args):
                    yield call.args[place]


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    both = [*arguments.posonlyargs, *arguments.args]
    with_default = both[len(both) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if argument.arg == NAME and default is not None:
            yield default
