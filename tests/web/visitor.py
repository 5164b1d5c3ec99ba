"""A visitor without a browser: requests over TLS with the cookies that came back, and no more."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.web.site import PASSWORD, Web

PREFIX = "/lvsm"
_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_CONTEXT.check_hostname = False
_CONTEXT.verify_mode = ssl.CERT_NONE
_TOKEN = re.compile(r'name="token" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `headers` are by small letters."""

    status: int
    text: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]

    @property
    def token(self) -> str:
        """The CSRF token of the page's first form."""
        found = _TOKEN.search(self.text)
        assert found, self.text
        return found[1]


@dataclass(slots=True)
class Visitor:
    """Cookies and a place to go."""

    web: Web
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        return self.ask("POST", path, urlencode(fields).encode(), headers)

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.web.port, timeout=30, context=_CONTEXT
        )
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, PREFIX + path, body, sent)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        cookies = tuple(response.headers.get_all("Set-Cookie") or ())
        for line in cookies:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        heads = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, text, heads, cookies)

    def log_in(self, user: str = "admin", password: str = PASSWORD) -> Answer:
        page = self.get("/login")
        fields = {"token": page.token, "user": user, "password": password}
        return self.post("/login", fields)

    def token(self) -> str:
        """The session's token."""
        return self.get("/settings").token


def where(answer: Answer) -> str:
    """The path to which an answer sends, below the prefix."""
    return urlsplit(answer.headers["location"]).path.removeprefix(PREFIX)
