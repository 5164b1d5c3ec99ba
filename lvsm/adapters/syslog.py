"""Lines for syslog or journald, sent without ever waiting for them.

logging's SysLogHandler waits when the other end does not read, and the audit log's writer must not:
so this is a datagram, sent or not sent (RFC 3164 as /dev/log takes it; syslog(3)).
"""

from __future__ import annotations

import socket
from pathlib import Path

DEV_LOG = Path("/dev/log")
AUTHPRIV = 10
NOTICE = 5


class Syslog:
    """Whoever reads `path`; if nobody does, nothing happens."""

    def __init__(self, tag: str, path: Path = DEV_LOG, facility: int = AUTHPRIV) -> None:
        """`tag` names the program."""
        self._head = f"<{facility * 8 + NOTICE}>{tag}: ".encode("ascii")
        self._path = str(path)
        self._socket: socket.socket | None = None

    def __call__(self, line: bytes) -> None:
        """Send a line, or not."""
        for _ in range(2):  # the second time to a daemon that was started anew
            try:
                self._connected().send(self._head + line)
            except BlockingIOError:
                return
            except OSError:
                self.close()
            else:
                return

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._socket.connect(self._path)
        return self._socket
