"""What is wrong on the web client's own side."""

from __future__ import annotations

from lvsm.client import LvsmError


class WebError(LvsmError):
    """A configuration file, certificate or folder that `lvsm-web` cannot use."""

    code = "web-client"
