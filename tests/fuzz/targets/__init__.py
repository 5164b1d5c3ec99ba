"""Every target by its name."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import files, login, protocol, texts, users

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *protocol.TARGETS,
        *login.TARGETS,
        *texts.TARGETS,
        *files.TARGETS,
        *users.TARGETS,
    )
}
