"""The web client in a real browser, in front of a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browsing import Scheme, chromium, tab
from tests.web.site import Plvsd, Web, plvsd, web

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
expect.set_options(timeout=60_000)  # of a busy machine
PAGES = ("/", "/vips", "/vips/web", "/vips/new", "/vips/web/edit", "/vips/web/remove",
         "/nodes", "/nodes/dir1", "/events", "/history", "/history/1",
         "/history/1/rollback", "/settings", "/changes")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_from_the_login_to_a_service_that_answers(
    browser: Browser, served: Web, node: Plvsd
) -> None:
    with tab(browser, served) as visit:
        page = visit.page
        visit.log_in()
        page.get_by_role("link", name="Add VIP").click()
        page.get_by_label("Name", exact=True).fill("dns")
        page.get_by_label("Address", exact=True).fill("192.0.2.300")
        mistake = page.locator("#m-address")
        expect(mistake).to_contain_text("192.0.2.300")  # plvsd says so while one types
        page.get_by_label("Address", exact=True).fill("192.0.2.53")
        expect(mistake).to_be_empty()
        page.get_by_label("Ports", exact=True).fill("53")
        page.get_by_label("Protocol").select_option("udp")
        page.get_by_label("Use rs1").check()
        page.get_by_label("Use rs2").check()
        page.get_by_label("Weight of rs2").fill("3")
        page.get_by_role("button", name="Review").last.click()
        expect(page.get_by_text("lvsm rs add dns rs2 --weight 3")).to_be_visible()
        expect(page.get_by_text("ipvsadm -A -u 192.0.2.53:53 -s wlc")).to_be_visible()
        page.get_by_label("Comment").fill("names for everybody")
        page.get_by_role("button", name="Save", exact=True).click()
        row = page.get_by_role("row", name="dns")
        expect(row).to_contain_text("dir1")
        expect(row).to_contain_text("serving")
        with node.client() as client:
            assert client.request("CONFIG SHOW").items[0]["comment"] == "names for everybody"


def test_what_others_do_is_seen_without_a_click(browser: Browser, served: Web, node: Plvsd) -> None:
    with tab(browser, served) as visit, node.client() as client:
        page = visit.page
        visit.log_in()
        visit.go("/vips/web")
        row = page.get_by_role("row", name="rs2")
        expect(row).to_contain_text("up")
        page.get_by_label("Why rs1 is drained or disabled").fill("half of a sen")
        client.request("RS DRAIN web rs2", options={"reason": "new disk"})
        expect(row).to_contain_text("new disk")
        assert page.get_by_label("Why rs1 is drained or disabled").input_value() == "half of a sen"
        expect(page.locator("#sentence")).to_contain_text("degraded")
        visit.go("/")
        expect(page.locator("#overview")).to_contain_text("rs2 in web: enabled -> draining")
        visit.go("/vips/web")
        row.get_by_role("button", name="Enable").click()
        expect(page.get_by_role("row", name="rs2")).to_contain_text("up")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(browser: Browser, served: Web, scheme: Scheme) -> None:
    dark = scheme == "dark"
    with tab(browser, served, scheme) as visit:
        visit.go("/login")
        found = visit.violations(colours_only=dark)
        visit.log_in()
        for path in PAGES:
            visit.size("desk")
            visit.go(path)
            found += visit.violations(colours_only=dark)
            for size in () if dark else ("phone", "tablet"):
                visit.size(size)
                if visit.overflow > 0:
                    found.append(f"{path} is {visit.overflow} pixels too wide at {size}")
        assert found == []


def test_a_service_is_changed_without_a_script(browser: Browser, served: Web) -> None:
    with tab(browser, served, script=False) as visit:
        page = visit.page
        visit.log_in()
        visit.go("/vips/web/edit")
        page.get_by_label("Persistence (seconds)").fill("300")
        page.get_by_role("button", name="Another row").click()
        expect(page.get_by_label("Persistence (seconds)")).to_have_value("300")
        page.get_by_role("button", name="Review").last.click()
        expect(page.get_by_text("lvsm vip set web --persistence 300")).to_be_visible()
        page.get_by_role("button", name="Discard all").click()
        visit.go("/changes")
        expect(page.get_by_text("There is nothing to save.")).to_be_visible()


def test_everything_is_reached_by_the_keyboard(browser: Browser, served: Web) -> None:
    with tab(browser, served) as visit:
        page = visit.page
        visit.go("/login")
        page.keyboard.type("penguins on a floe")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Add VIP")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Name", exact=True)).to_be_focused()


def test_a_node_dies_and_nobody_logs_in_again(browser: Browser, tmp_path: Path) -> None:
    with (
        plvsd(tmp_path / "one") as one,
        plvsd(tmp_path / "other") as other,
        web(tmp_path / "web", [one.node, other.node]) as served,
        tab(browser, served) as visit,
    ):
        visit.log_in()
        visit.go("/vips")
        one.process.kill()
        one.process.wait()
        visit.go("/nodes")
        expect(visit.page.get_by_role("row", name="dir1")).to_be_visible()
        other.process.kill()
        other.process.wait()
        visit.go("/nodes")
        expect(visit.page.get_by_role("heading", name="No node answers")).to_be_visible()
        with plvsd(tmp_path / "other", other.port):
            visit.page.get_by_role("link", name="Try again").click()
            expect(visit.page.get_by_role("row", name="dir1")).to_be_visible()
