"""A real browser: Debian's chromium, driven by playwright, that notes what it should not have to.

Law: a console error, a failed script or a request to another host fails the test at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import axe_playwright_python
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.web.site import PASSWORD, Web

CHROMIUM = "/usr/bin/chromium"
SIZES = {"phone": (320, 640), "tablet": (768, 1024), "desk": (1440, 900)}
Scheme = Literal["light", "dark"]
_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EXPECTED = ("status of 401", "status of 403", "status of 422", "status of 503")
"""What chromium itself says of answers that a test asks for."""


@dataclass
class Tab:
    """A page of the web client, with what went wrong in it."""

    web: Web
    page: Page
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.web.url + path)

    def log_in(self, user: str = "admin", password: str = PASSWORD) -> None:
        self.go("/login")
        self.page.get_by_label("User").fill(user)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def size(self, name: str) -> None:
        width, height = SIZES[name]
        self.page.set_viewport_size({"width": width, "height": height})

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        found: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return found

    def violations(self, *, colours_only: bool = False) -> list[str]:
        """What axe-core has against the page, or against its colours alone."""
        self.page.evaluate(_AXE)
        only = (
            {"type": "rule", "values": ["color-contrast"]}
            if colours_only
            else {"type": "tag", "values": _RULES}
        )
        found = self.page.evaluate(
            "only => axe.run({runOnly: only, resultTypes: ['violations']})", only
        )
        return [
            f"{self.page.url} {one['id']}: {one['help']}: "
            + "; ".join(node["html"][:160] for node in one["nodes"][:3])
            for one in found["violations"]
        ]

    def note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(word in message.text for word in EXPECTED):
            self.wrong.append(message.text)

    def note_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.web.url).netloc:
            self.wrong.append(f"asked {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; as root it has no sandbox of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@contextmanager
def tab(
    browser: Browser, web: Web, scheme: Scheme = "light", *, script: bool = True
) -> Iterator[Tab]:
    """A tab with cookies of its own."""
    context = browser.new_context(
        ignore_https_errors=True, color_scheme=scheme, java_script_enabled=script
    )
    found = Tab(web, context.new_page())
    found.page.set_default_timeout(120_000)  # of a busy machine
    found.page.on("console", found.note_console)
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.page.on("request", found.note_request)
    yield found
    context.close()
    assert found.wrong == []
