"""Where a virtual service, its keys and its realservers stand in a text that people wrote.

Law: only the service's own lines are read, however long the text is. What is written in a way in
which a line more or less would not do is refused, and so is never damaged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lvsm.core.config_text import parse
from lvsm.core.edits.forms import EditError
from lvsm.core.model import VirtualService
from lvsm.core.names import did_you_mean, quoted
from lvsm.core.outline import Outline, outline
from lvsm.core.places import Path, Places, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A virtual service, the piece of the text that is its own, and the places in that piece."""

    vip: VirtualService
    start: int
    end: int
    places: Places

    @property
    def path(self) -> Path:
        """Its table's."""
        return ("vip", self.vip.name)

    def header(self, path: Path) -> Span:
        """Where the header of a table stands in the text; raises EditError."""
        span = self._key(path)
        if span is None or not self.places.said(span).startswith("["):
            raise style(f"virtual service {self.vip.name} is written without a header of its own")
        return self._moved(span)

    def value(self, path: Path) -> tuple[Span, Span] | None:
        """Where a key and its value stand, None for a key that is not there; raises EditError."""
        key, value = self._key(path), self.places.value_span(path)
        if key is None:
            return None
        if value is None:
            raise style(f"{path[-1]} of {self.vip.name} is a table of its own")
        return self._moved(key), self._moved(value)

    def last(self, path: Path) -> int:
        """Where the last thing of a table stands: of itself, its keys and its tables."""
        return self.start + max(end for _, end in self.places.below(path)) - 1

    def last_key(self, path: Path) -> int:
        """Where the last of a table's own keys ends, or its header."""
        start, end = self.header(path)
        ends = [found[1][1] for key in self._own(path) if (found := self.value(key)) is not None]
        return max(end, *ends) - 1 if ends else max(end - 1, start)

    def first_key(self, path: Path) -> int:
        """Where the first of a table's own keys begins, or its header."""
        starts = [found[0][0] for key in self._own(path) if (found := self.value(key)) is not None]
        return min(starts) if starts else self.header(path)[0]

    def realserver(self, node: str, port: int | None) -> Path:
        """The table of the realserver `node`, with that port if it is given; raises EditError."""
        entries = self.vip.realservers
        of_node = [index for index, entry in enumerate(entries) if entry.node == node]
        found = [index for index in of_node if port is None or entries[index].port == port]
        if not found:
            what = quoted(node) if port is None or not of_node else f"{node} with port {port}"
            advice = did_you_mean(node, {entry.node for entry in entries} - {node})
            raise EditError(
                f"{self.vip.name} has no realserver {what}. {advice}", code="unknown-name"
            )
        if len(found) > 1:
            ports = ", ".join(str(entries[index].port) for index in found)
            raise EditError(
                f"{node} is a realserver of {self.vip.name} with the ports {ports}: say which",
                code="ambiguous-realserver",
            )
        return (*self.path, "realserver", found[0])

    def _own(self, path: Path) -> Iterable[Path]:
        return [key for key in self.places.keys_of(path) if self.places.value_span(key) is not None]

    def _key(self, path: Path) -> Span | None:
        try:
            return self.places.key_span(path)
        except KeyError:
            return None

    def _moved(self, span: Span) -> Span:
        return self.start + span[0], self.start + span[1]


def outlined(text: str) -> Outline:
    """The text's outline; raises EditError for a text that has none."""
    found = outline(text)
    if found is None:
        raise style("the configuration has tables in braces or by dots, or texts in triple quotes")
    return found


def service(text: str, name: str) -> Service:
    """The virtual service of that name; raises EditError."""
    found = outlined(text)
    names = {other[1] for other in found.names() if other[0] == "vip"}
    if name not in names:
        advice = did_you_mean(name, names)
        raise EditError(
            f"there is no virtual service {quoted(name)}. {advice}", code="unknown-name"
        )
    spans = found.spans({("vip", name)})
    if len(spans) > 1:
        raise style(f"the tables of virtual service {name} do not stand together")
    [(start, end)] = spans
    vip = read(text[start:end], name)
    places = Places(text[start:end])
    if places.value_span(("vip", name, "realserver")) is not None:
        raise style(f"the realservers of {name} are written in one list")
    return Service(vip=vip, start=start, end=end, places=places)


def read(piece: str, name: str) -> VirtualService:
    """The virtual service that a piece of text says; raises EditError with every mistake."""
    parsed = parse(piece)
    if parsed.configuration is None:
        mistakes = (
            f"{'.'.join(map(str, problem.path)) or name}: {problem.message}. {problem.advice}"
            for problem in parsed.problems
        )
        raise EditError("; ".join(mistakes), code="invalid", problems=parsed.problems)
    return parsed.configuration.vips[name]


def style(what: str) -> EditError:
    """The refusal of a text that a command would damage."""
    return EditError(
        f"{what}, which a command does not change: edit the text that `lvsm config show` prints,"
        " and use `lvsm config save`",
        code="edit-style",
    )
