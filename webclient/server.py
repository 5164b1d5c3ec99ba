"""gunicorn around the application: one process with threads, TLS 1.3, and limits.

Law: sessions live in the memory of one process, so there is one worker. A thread is busy only while
a request is answered: pages look again every few seconds and hold no connection open.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from webclient.certificate import context

THREADS = 16
CONNECTIONS = 500
OPTIONS: Mapping[str, object] = {
    "workers": 1,
    "worker_class": "gthread",
    "threads": THREADS,
    "worker_connections": CONNECTIONS,
    "keepalive": 15,
    "timeout": 60,
    "graceful_timeout": 5,
    "limit_request_line": 4094,
    "limit_request_fields": 50,
    "limit_request_field_size": 4096,
    "preload_app": False,
    "proc_name": "lvsm-web",
    "control_socket_disable": True,
}


class Server(BaseApplication):
    """gunicorn with our options and nothing from its command line."""

    def __init__(
        self, make: Callable[[], Flask], *, listen: str, certificate: Path, key: Path
    ) -> None:
        """`make` is called in the worker's process; `listen` is HOST:PORT."""
        self._make = make
        self._options = {
            **OPTIONS,
            "bind": listen,
            "certfile": str(certificate),
            "keyfile": str(key),
            "ssl_context": lambda _config, _default: _context(certificate, key),
        }
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn asks for its options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Gunicorn asks for the application."""
        return self._make()


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    return context(certificate, key)
