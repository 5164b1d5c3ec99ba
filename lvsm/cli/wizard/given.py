"""What the command line and an answers file say, and the secrets that are made of it.

Law: a flag goes before the file; a secret is read from the file that is named, and its text is in
no message.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import IO

from lvsm.cli.run import password_from, text_of
from lvsm.core.errors import LvsmError
from lvsm.core.scram_keys import PASSWORD_ITERATIONS, SALT_BYTES, make_verifier, parse_verifier
from lvsm.core.wizard import answers
from lvsm.core.wizard.files import Secrets
from lvsm.core.wizard.questions import BY_KEY, BY_NAME, GENERATE, KEEP, Values

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Texts by the questions' keys, and a verifier in place of a password."""

    texts: Mapping[str, str] = field(repr=False)
    verifier: str | None = field(default=None, repr=False)


def gather(flags: Mapping[str, str | None], file: IO[str] | None) -> Given:
    """What flags, by the questions' keys, and the answers file say. Raises LvsmError."""
    said = answers.Answers(texts={})
    if file is not None:
        said = answers.parse(text_of(file).decode())
    texts = {BY_NAME[name].key: text for name, text in said.texts.items()}
    texts |= {key: text for key, text in flags.items() if text is not None}
    verifier = said.verifier if flags.get("password") is None else None
    if verifier is not None:
        if "password" in texts:
            raise LvsmError("the answers have a password_file and a password_verifier")
        parse_verifier(verifier)
        texts["password"] = KEEP
    for key, text in texts.items():
        if BY_KEY[key].secret and text != KEEP:
            texts[key] = password_from(Path(text), text)
    return Given(texts=texts, verifier=verifier)


def made(values: Values, given: Given, kept: str | None = None) -> Secrets:
    """The key and the verifier for the files; takes a tenth of a second for a password.

    `kept` is the verifier that the file has now: the same password changes nothing in it.
    """
    key, password = values["auth_key"], values["password"]
    if key == GENERATE:
        key = secrets.token_hex(KEY_BYTES)
    verifier = given.verifier
    if password != KEEP:
        verifier = kept if _fits(kept, password) else _new_verifier(password)
    return Secrets(key=None if key == KEEP else key, verifier=verifier)


def _new_verifier(password: str) -> str:
    return str(make_verifier(password, os.urandom(SALT_BYTES)))


def _fits(kept: str | None, password: str) -> bool:
    """Whether a verifier is this password's; one with fewer iterations than today's is made new."""
    if kept is None:
        return False
    try:
        old = parse_verifier(kept)
    except LvsmError:
        return False
    if old.iterations < PASSWORD_ITERATIONS:
        return False
    again = make_verifier(password, old.salt, old.iterations)
    return compare_digest(again.stored_key, old.stored_key)
