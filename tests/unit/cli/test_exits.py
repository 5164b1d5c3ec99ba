"""Which of the client library's errors ends with which number."""

from __future__ import annotations

import pytest

from lvsm import client
from lvsm.cli import exits
from lvsm.client.errors import classified
from lvsm.core.conversation import RefusedError
from lvsm.core.errors import LvsmError
from lvsm.core.responses import Err


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (client.UnreachableError(""), exits.UNREACHABLE),
        (client.ProtocolError(""), exits.UNREACHABLE),
        (client.WrongCertificateError(""), exits.UNREACHABLE),
        (client.OutcomeUnknownError(""), exits.ERROR),
        (client.NotTheServerError(""), exits.NOT_ALLOWED),
        (client.AddressError(""), exits.ERROR),
    ],
)
def test_an_error_of_the_connection(error: LvsmError, number: int) -> None:
    assert exits.of(error) == number


@pytest.mark.parametrize(
    ("code", "kind", "number"),
    [
        ("auth-failed", client.LoginRefusedError, exits.NOT_ALLOWED),
        ("login-required", client.NotAllowedError, exits.NOT_ALLOWED),
        ("forbidden", client.NotAllowedError, exits.NOT_ALLOWED),
        ("conflict", client.ConflictError, exits.CONFLICT),
        ("invalid", client.RefusedError, exits.ERROR),
    ],
)
def test_a_refusal(code: str, kind: type[RefusedError], number: int) -> None:
    error = classified(RefusedError(Err(code, "no", {"why": "so"}), ({"item": 1},)))
    assert type(error) is kind
    assert (error.code, error.message, error.fields) == (code, "no", {"why": "so"})
    assert error.items == ({"item": 1},)
    assert exits.of(error) == number
