"""What somebody does who is up to no good, by HTTP."""

from __future__ import annotations

import re

import pytest

from tests.web.site import Plvsd
from tests.web.visitor import Visitor


def test_cookies_and_headers_are_strict(admin: Visitor, visitor: Visitor) -> None:
    answer = visitor.log_in()
    [session] = [line for line in answer.cookies if line.startswith("__Host-lvsm=")]
    assert all(word in session for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"))
    assert "Domain" not in session
    headers = visitor.get("/").headers
    assert headers["cache-control"] == "no-store"
    assert "max-age=" in headers["strict-transport-security"]
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_no_page_has_script_or_style_of_its_own(admin: Visitor) -> None:
    for path in ("/", "/vips", "/vips/web", "/vips/new", "/nodes/dir1", "/settings", "/changes"):
        text = admin.get(path).text
        assert text.count("<script") == text.count("<script src=") == 1
        assert "style=" not in text
        assert "<style" not in text
        assert not re.search(r"<[^>]*\son[a-z]+=", text)


def test_a_form_without_the_token_changes_nothing(admin: Visitor, node: Plvsd) -> None:
    for token in ("", "0" * 32, "\udc80"):
        fields = {"action": "drain", "token": token.encode("utf-8", "replace").decode()}
        assert admin.post("/vips/web/realservers/rs1", fields).status == 403
    with node.client() as client:
        assert client.request("RS LIST web").items[0]["state"] == "up"


def test_another_sites_form_changes_nothing_even_with_the_token(admin: Visitor) -> None:
    fields = {"action": "drain", "token": admin.token()}
    place = "/vips/web/realservers/rs1"
    assert admin.post(place, fields, Origin="https://evil.example").status == 403
    assert admin.post(place, fields, Origin="null").status == 403
    assert admin.post(place, fields, Sec_Fetch_Site="cross-site").status == 403


def test_the_login_has_a_token_too_and_gives_a_new_session(visitor: Visitor) -> None:
    fields = {"user": "admin", "password": "x", "token": "guessed"}
    assert visitor.post("/login", fields).status == 403
    visitor.cookies["__Host-lvsm"] = "fixed-by-the-attacker"
    assert visitor.log_in().status == 303
    assert visitor.cookies["__Host-lvsm"] != "fixed-by-the-attacker"


def test_names_and_reasons_are_text(admin: Visitor) -> None:
    token = admin.token()
    evil = '"><script>alert(1)</script>'
    place = "/vips/web/realservers/rs1"
    admin.post(place, {"action": "drain", "reason": evil, "token": token})
    for path in ("/", "/vips/web", "/events"):
        text = admin.get(path).text
        assert "<script>alert" not in text
    assert "&lt;script&gt;" in admin.get("/vips/web").text
    admin.post(place, {"action": "enable", "token": token})
    for path in (f"/vips?q={'%22%3E%3Cscript%3E'}", "/vips/%3Cscript%3E", "/nodes/%22%3E%3Csvg"):
        text = admin.get(path).text
        assert "<script>" not in text
        assert "<svg on" not in text


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"],
)
def test_no_file_beside_the_static_ones(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status in (303, 404)
    assert "import" not in answer.text


def test_a_name_with_newlines_is_no_request(admin: Visitor) -> None:
    answer = admin.get("/nodes/dir1%0aNODE%20STANDBY%20dir1")
    assert answer.status in (404, 422)
    assert admin.get("/nodes/dir1").status == 200


def test_forms_that_are_too_large_are_refused(admin: Visitor) -> None:
    fields = {"token": admin.token(), "name": "x" * (600 * 1024)}
    assert admin.post("/vips/new", fields).status == 413


def test_the_host_header_leads_nowhere(visitor: Visitor, admin: Visitor) -> None:
    answer = visitor.get("/", Host="evil.example")
    assert answer.headers["location"] == "/lvsm/login"
    assert "evil.example" not in admin.get("/", Host="evil.example").text


def test_guessing_is_slow_and_hurts_nobody_who_is_logged_in(
    admin: Visitor, visitor: Visitor
) -> None:
    for guess in ("one", "two", "three"):
        assert visitor.log_in(password=f"guess {guess}").status in (401, 503)
    assert admin.get("/").status == 200
    assert visitor.log_in().status in (303, 503)
