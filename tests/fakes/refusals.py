"""How the fakes refuse: with the codes of the adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lvsm.core.errors import LvsmError
from lvsm.core.operations import AnyOperation, Failure


class RefusedError(Exception):
    """The kernel does not do it; the argument is the code of the adapters."""


def refuse(when: bool, code: str) -> None:
    if when:
        raise RefusedError(code)


def each(
    operations: Sequence[AnyOperation], perform: Callable[[AnyOperation], None]
) -> tuple[Failure, ...]:
    failures = []
    for index, operation in enumerate(operations):
        try:
            perform(operation)
        except RefusedError as error:
            failures.append(Failure(index=index, code=str(error), reason=str(error)))
        except LvsmError as error:
            failures.append(Failure(index=index, code=error.code, reason=error.message))
    return tuple(failures)
