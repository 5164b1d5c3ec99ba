"""`make pictures`: the web client's pages as docs/ shows them, above a worker with `fill`'s data.

python -m tests.web.pictures [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tests.web.browsing import Scheme, Tab, chromium, tab
from tests.web.site import fill, plvsd, web

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PICTURES: tuple[tuple[str, str, str, Scheme], ...] = (
    ("overview", "/", "desk", "light"),
    ("overview-dark", "/", "desk", "dark"),
    ("overview-phone", "/", "phone", "light"),
    ("vip", "/vips/web", "desk", "light"),
    ("editor", "/vips/shop/edit", "desk", "light"),
    ("rollback", "/history/3/rollback", "desk", "dark"),
)


def main(folder: Path) -> None:
    """Take all of them anew."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        with (
            plvsd(place / "node") as node,
            web(place / "web", [node.node]) as served,
            chromium() as browser,
        ):
            with node.client() as client:
                fill(client)
            for name, path, size, scheme in PICTURES:
                with tab(browser, served, scheme) as visit:
                    _take(visit, path, size, folder / f"{name}.png")


def _take(visit: Tab, path: str, size: str, file: Path) -> None:
    visit.size(size)
    visit.log_in()
    expect(visit.page.get_by_role("heading", name="Overview")).to_be_visible()
    visit.go(path)
    visit.page.screenshot(path=file)
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
