"""All cases of the contract, by name: public functions of the modules of cases, in their order."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isfunction, signature
from types import ModuleType
from typing import TypeAlias

from tests.contract import address_cases, filter_cases, ipvs_cases, plan_cases
from tests.contract.bench import Bench

Case: TypeAlias = Callable[[Bench], None]


def without_ipvs() -> dict[str, Case]:
    """The cases that any Linux kernel can run."""
    return {**_of(address_cases), **_of(filter_cases)}


def with_ipvs() -> dict[str, Case]:
    """The cases that need IPVS."""
    return {**_of(ipvs_cases), **_of(plan_cases)}


def every() -> dict[str, Case]:
    """All of them."""
    return {**without_ipvs(), **with_ipvs()}


def _of(module: ModuleType) -> dict[str, Case]:
    kind = module.__name__.rpartition(".")[2].removesuffix("_cases")
    return {
        f"{kind}: {name.replace('_', ' ')}": found
        for name, found in vars(module).items()
        if isfunction(found)
        and found.__module__ == module.__name__
        and list(signature(found).parameters) == ["bench"]
        and not name.startswith("_")
    }
