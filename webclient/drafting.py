"""The draft of whoever asks, and what plvsd says to it."""

from __future__ import annotations

from typing import Any

from webclient.drafts import Base, Draft
from webclient.site import session

NAME = "your changes"


def base_now() -> Base:
    """What is saved now."""
    shown = session().nodes.one("CONFIG SHOW")
    return Base(
        number=shown["generation"],
        text=shown["text"],
        author=shown["author"] or "",
        comment=shown["comment"] or "",
    )


def draft_now() -> Draft:
    """The draft, or an empty one of what is saved now; raises as the client, and EditError."""
    return session().draft or Draft.of(base_now())


def checked(text: str) -> dict[str, Any]:
    """What plvsd says to a text: its `problems`, and whether it is `valid`."""
    return session().nodes.one("CONFIG CHECK", options={"name": NAME}, literal=text.encode())


def planned(text: str) -> dict[str, Any]:
    """What plvsd says to a text, and what each node would do: `nodes`, each with its `steps`."""
    answer = session().nodes.ask("CONFIG PLAN", options={"name": NAME}, literal=text.encode())
    first, *steps = answer.items
    nodes = [
        {**node, "steps": [step for step in steps if step["node"] == node["node"]]}
        for node in first["nodes"]
    ]
    ends = {node["node"]: node["ends"] for node in nodes if node["ends"]}
    return {**first, "nodes": nodes, "ends": sum(ends.values())}
