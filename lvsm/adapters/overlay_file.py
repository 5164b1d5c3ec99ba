"""The overlay in a file of this node's, /var/lib/lvsm/overlay.json.

Law: the file is whole, the old or the new one. One that cannot be read is kept beside the next, and
what the other nodes have of it comes back from them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lvsm.core.errors import LvsmError
from lvsm.core.overlay import NOTHING, Overlay, parse, render

log = logging.getLogger(__name__)


class OverlayFile:
    """Satisfies `daemon.ports.OverlayStore`; `replace(path, data)` writes whole and durably."""

    def __init__(self, path: Path, replace: Callable[[Path, bytes], None]) -> None:
        """Nothing is read yet."""
        self._path = path
        self._replace = replace

    def read(self) -> Overlay:
        """The overlay as this node kept it; an empty one without a file or when it is damaged."""
        try:
            return parse(self._path.read_bytes())
        except FileNotFoundError:
            return NOTHING
        except (OSError, LvsmError) as error:
            log.error("%s cannot be used: %s", self._path, error)  # noqa: TRY400  it says all
            with suppress(OSError):
                self._path.replace(self._path.with_suffix(".damaged"))
            return NOTHING

    def keep(self, overlay: Overlay) -> None:
        """Keep it; durable when it returns. Raises OSError."""
        self._replace(self._path, render(overlay))
