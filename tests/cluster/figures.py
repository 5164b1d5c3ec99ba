"""What lab tests measured, for people: every single run, not only the best."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


class Figures:
    """Series of numbers by name."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add(self, name: str, values: Sequence[float]) -> None:
        """Note a series."""
        self.values[name] = [round(value, 3) for value in values]

    def lines(self) -> list[str]:
        """One line for each series."""
        return [
            f"{name}: {' '.join(map(str, series))}"
            f"   (min {min(series)}, median {median(series):.3f}, max {max(series)})"
            for name, series in self.values.items()
        ]
