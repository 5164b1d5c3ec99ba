"""The web client in a real browser, in front of a real cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.cluster.site import Site
from tests.lab import cluster
from tests.lab.client import poll_until
from tests.web.browsing import chromium, tab
from tests.web.site import free_port, web

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
expect.set_options(timeout=60_000)
ADDRESS = "10.77.0.201"
SECONDS = 60.0


def answers(site: Site) -> str:
    """Who answers a client in the lab now, empty for nobody."""
    argv = ["curl", "-s", "--max-time", "2", f"http://{ADDRESS}/"]
    return site.lab.run("client", argv, check=False).text.strip()


def test_from_the_login_to_an_answer_and_through_a_directors_death(
    site: Site, tmp_path: Path
) -> None:
    nodes = []
    for director in ("dir1", "dir2"):
        port = free_port()
        site.lab.forward(director, 6610, port)
        nodes.append(f"127.0.0.1:{port}")
    with (
        web(tmp_path / "web", nodes) as served,
        chromium() as browser,
        tab(browser, served) as visit,
    ):
        page = visit.page
        visit.log_in(password=cluster.PASSWORD)
        page.get_by_role("link", name="Add VIP").click()
        page.get_by_label("Name", exact=True).fill("shop")
        page.get_by_label("Address", exact=True).fill(ADDRESS)
        page.get_by_label("Ports", exact=True).fill("80")
        for realserver in ("rs1", "rs2"):
            page.get_by_label(f"Use {realserver}").check()
        page.get_by_role("button", name="Review").last.click()
        expect(page.get_by_text(f"ipvsadm -A -t {ADDRESS}:80").first).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("row", name="shop")).to_contain_text("serving")
        poll_until(lambda: bool(answers(site)), SECONDS, "nobody answers the new address")

        visit.go("/vips/shop")
        row = page.get_by_role("row", name="rs1")
        row.get_by_role("button", name="Drain").click()
        expect(page.get_by_role("row", name="rs1")).to_contain_text("draining, 0 left")
        poll_until(
            lambda: {answers(site) for _ in range(6)} == {"rs2"}, SECONDS, "rs1 answers still"
        )

        expect(page.locator("#service")).to_contain_text("dir1 holds it")
        site.lab.crash("dir1")  # the page is on the screen, nobody clicks
        expect(page.locator("#service")).to_contain_text("dir2 holds it")
        poll_until(lambda: answers(site) == "rs2", SECONDS, "dir2 holds it and nobody answers")
        visit.go("/nodes")
        expect(page.get_by_role("row", name="dir1")).to_contain_text("dead")
        site.lab.boot("dir1")
        expect(page.get_by_role("row", name="dir1")).to_contain_text("up")
    site.settle()
    site.lvsm("dir1", "rs", "enable", "shop", "rs1")
