"""Health in a file of this node's, /var/lib/lvsm/health.json: what was known before a restart.

Law: the file is whole, the old or the new one. One that cannot be read is as none: the first result
of each check decides anew.
"""

from __future__ import annotations

import logging
from pathlib import Path

from lvsm.adapters import files
from lvsm.core.errors import LvsmError
from lvsm.core.health import NOTHING, Health, decode, encode

log = logging.getLogger(__name__)


class HealthFile:
    """Satisfies `daemon.ports.HealthStore`."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def read(self) -> Health:
        """What was kept last; nothing without a file or when it is damaged."""
        try:
            return decode(self._path.read_bytes())
        except FileNotFoundError:
            return NOTHING
        except (OSError, LvsmError) as error:
            log.warning("%s cannot be used: %s", self._path, error)
            return NOTHING

    def keep(self, health: Health) -> None:
        """Keep it; a power cut may undo the last change. Raises OSError."""
        files.replace(self._path, encode(health), mode=0o600, durable=False)
