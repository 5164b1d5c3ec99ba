"""The file that tells what to check, as plvsd's core/check_spec.py writes it."""

from __future__ import annotations

FOLDER = "/run/lvsm/checks"


class BadSpecError(Exception):
    """A file that cannot be used: nothing was checked."""


class Target:
    """A realserver to check."""

    __slots__ = ("address", "label", "port")

    def __init__(self, label: str, address: str, port: int) -> None:
        self.label = label
        self.address = address
        self.port = port


class Spec:
    """What the file says; `values` has every name with its values in order."""

    def __init__(self, values: dict[str, list[str]], targets: list[Target]) -> None:
        self.values = values
        self.targets = targets
        self.vip = self.one("vip")
        self.stamp = self.one("stamp")
        self.type = self.one("type")
        self.run = float(self.one("run"))
        self.interval = float(self.one("interval"))
        self.timeout = float(self.one("timeout"))

    def one(self, name: str, default: str | None = None) -> str:
        """The value of a name; raises BadSpecError when there is none and no default."""
        found = self.values.get(name)
        if found is None:
            if default is None:
                raise BadSpecError(f"the check says no {name}")
            return default
        return found[-1]

    def all(self, name: str) -> list[str]:
        """All values of a name."""
        return self.values.get(name, [])


def load(vip: str, folder: str = FOLDER) -> Spec:
    """Read the file of a virtual service; raises BadSpecError."""
    if "/" in vip or vip.startswith("."):
        raise BadSpecError("this is no virtual service's name")
    try:
        with open(f"{folder}/{vip}", encoding="utf-8") as file:  # noqa: PTH123  pathlib: 10 ms
            return parse(file.read())
    except (OSError, ValueError) as error:
        raise BadSpecError(f"{folder}/{vip}: {error}") from None


def parse(text: str) -> Spec:
    """Understand a file's text; raises BadSpecError, ValueError."""
    values: dict[str, list[str]] = {}
    targets = []
    for line in text.split("\n"):
        name, blank, value = line.partition(" ")
        if name == "target":
            label, address, port = value.split(" ")
            targets.append(Target(label, address, int(port)))
        elif blank:
            values.setdefault(name, []).append(_unescaped(value))
    return Spec(values, targets)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    pieces = text.split("\\\\")
    return "\\".join(piece.replace("\\n", "\n").replace("\\r", "\r") for piece in pieces)
