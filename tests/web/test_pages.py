"""The pages by HTTP, without a script: what a browser without JavaScript can do."""

from __future__ import annotations

import re

import pytest

from tests.web.site import PASSWORD, Plvsd
from tests.web.visitor import Visitor, where

PAGES = ("/", "/vips", "/vips/web", "/vips/new", "/vips/web/edit", "/vips/web/remove",
         "/nodes", "/nodes/dir1", "/events", "/history", "/history/1", "/history/1/rollback",
         "/settings", "/changes")  # fmt: skip
NEW = {
    "name": "mail",
    "address": "192.0.2.101",
    "ports": "25",
    "scheduler": "wrr",
    "forwarding": "dr",
    "directors": "dir1",
    "enabled": "yes",
    "rows": "1",
    "rs-0-use": "yes",
    "rs-0-node": "rs3",
    "rs-0-weight": "7",
}


@pytest.mark.parametrize("path", PAGES)
def test_strangers_are_sent_to_the_login(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status, where(answer)) == (303, "/login")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_for_the_admin(admin: Visitor, path: str) -> None:
    answer = admin.get(path)
    assert answer.status == 200
    assert "<h1>" in answer.text


def test_a_wrong_password_is_refused_in_words(visitor: Visitor) -> None:
    answer = visitor.log_in(password="not the password")
    assert answer.status == 401
    assert "The user or the password is wrong." in answer.text
    assert where(visitor.get("/")) == "/login"


def test_logging_out_ends_the_session(visitor: Visitor) -> None:
    visitor.log_in()
    kept = dict(visitor.cookies)
    assert visitor.post("/logout", {"token": visitor.token()}).status == 200
    visitor.cookies = kept
    assert where(visitor.get("/")) == "/login"


def test_a_service_is_added_reviewed_saved_and_removed(admin: Visitor, node: Plvsd) -> None:
    token = admin.token()
    answer = admin.post("/vips/new", {**NEW, "token": token})
    assert (answer.status, where(answer)) == (303, "/changes"), answer.text
    review = admin.get("/changes")
    typed = "lvsm vip add mail --address 192.0.2.101 --ports 25"
    assert typed in review.text
    assert "lvsm rs add mail rs3 --weight 7" in review.text
    assert "<ins>+[vip.mail]</ins>" in review.text
    assert where(admin.post("/changes/save", {"token": token, "comment": "mail"})) == "/vips"
    with node.client() as client:
        saved = client.request("CONFIG SHOW").items[0]
        [vip] = client.request("VIP SHOW mail").items
    assert saved["comment"] == "mail"
    assert [member["weight"] for member in vip["realservers"]] == [7]
    assert vip["scheduler"] == "wrr"

    admin.post("/vips/mail/remove", {"token": token})
    admin.post("/changes/save", {"token": token})
    with node.client() as client:
        assert [one["name"] for one in client.request("VIP LIST").items] == ["web"]


def test_mistakes_stand_at_their_fields_and_nothing_is_kept(admin: Visitor) -> None:
    token = admin.token()
    wrong = {**NEW, "address": "192.0.2.300", "rs-0-port": "2525", "token": token}
    answer = admin.post("/vips/new", wrong)
    assert answer.status == 422
    assert re.search(r'id="m-address"[^<]*>\s*<p class="mistake', answer.text)
    wrong["address"] = "192.0.2.102"
    answer = admin.post("/vips/new", wrong)
    assert answer.status == 422
    assert re.search(r'id="m-rs-0-port"[^<]*>\s*<p class="mistake', answer.text)
    assert 'value="2525"' in answer.text
    assert "There is nothing to save." in admin.get("/changes").text


def test_a_form_sent_as_it_was_shown_changes_nothing(admin: Visitor) -> None:
    page = admin.get("/vips/web/edit").text
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    for name in ("name", "fwmark", "flags", "one_packet"):
        fields.pop(name, None)
    [scheduler] = re.findall(r'<option value="(\w+)" selected>\w+: ', page)
    fields |= {"scheduler": scheduler, "forwarding": "dr", "directors": "dir1"}
    fields |= {"rs-0-use": "yes", "rs-1-use": "yes"}
    fields.pop("rs-2-use", None)
    answer = admin.post("/vips/web/edit", fields)
    assert "Nothing is changed." in answer.text


def test_a_conflict_is_shown_and_made_again(admin: Visitor, node: Plvsd) -> None:
    token = admin.token()
    assert admin.post("/vips/new", {**NEW, "token": token}).status == 303
    other = b'{"edit":"vip-set","vip":"web","values":{"persistence":555}}'
    with node.client() as client:
        client.request("CONFIG EDIT", options={"comment": "theirs"}, literal=other)
    assert where(admin.post("/changes/save", {"token": token})) == "/changes"
    page = admin.get("/changes").text
    assert "saved generation" in page
    assert "It changed nothing that you have changed." in page
    assert "<ins>+persistence = 555</ins>" in page
    admin.post("/changes/again", {"token": token})
    admin.post("/changes/save", {"token": token})
    with node.client() as client:
        text = client.request("CONFIG SHOW").items[0]["text"]
    assert "persistence = 555" in text
    assert "[vip.mail]" in text
    admin.post("/vips/mail/remove", {"token": token})
    admin.post("/changes/save", {"token": token})


def test_going_back_to_an_older_generation(admin: Visitor, node: Plvsd) -> None:
    edit = b'{"edit":"vip-set","vip":"web","values":{"persistence":77}}'
    with node.client() as client:
        before = client.request("CONFIG SHOW").items[0]
        client.request("CONFIG EDIT", options={"comment": "sticky"}, literal=edit)
    number = before["generation"]
    assert "sticky" in admin.get("/history").text
    page = admin.get(f"/history/{number}/rollback")
    assert "<del>-persistence = 77</del>" in page.text
    fields = {"base": str(number + 1), "token": page.token}
    assert where(admin.post(f"/history/{number}/rollback", fields)) == "/history"
    with node.client() as client:
        now = client.request("CONFIG SHOW").items[0]
    assert (now["text"], now["generation"]) == (before["text"], number + 2)
    assert admin.get("/history/nowhere%20at%20all").status == 404
    assert admin.get("/history/4711").status == 404


def test_weights_drains_and_enabling(admin: Visitor, node: Plvsd) -> None:
    token = admin.token()
    place = "/vips/web/realservers/rs2"
    for fields in ({"action": "weight", "weight": "20"}, {"action": "drain", "reason": "kernel"}):
        assert where(admin.post(place, {**fields, "token": token})) == "/vips/web"
    page = admin.get("/vips/web").text
    assert "lvsm rs weight web rs2 20" in page
    assert "lvsm rs drain web rs2 --reason kernel" in page
    with node.client() as client:
        member = client.request("RS LIST web").items[1]
    assert (member["state"], member["cause"]["reason"]) == ("draining", "kernel")
    admin.post(place, {"action": "enable", "token": token})
    admin.post(place, {"action": "weight", "weight": "configured", "token": token})
    with node.client() as client:
        member = client.request("RS LIST web").items[1]
    assert (member["state"], member["weight"]) == ("up", 10)


def test_users_and_a_viewers_rights(admin: Visitor, visitor: Visitor) -> None:
    password = PASSWORD.upper()
    fields = {"user": "vera", "role": "viewer", "password": password, "again": password}
    token = admin.token()
    admin.post("/settings/users", {**fields, "token": token})
    assert visitor.log_in("vera", password).status == 303
    page = visitor.get("/vips/web").text
    assert "Drain" not in page
    assert "Add VIP" not in visitor.get("/vips").text
    token = visitor.token()
    answer = visitor.post("/vips/web/realservers/rs1", {"action": "drain", "token": token})
    assert answer.status == 403
    assert "vera (role viewer) may not use RS DRAIN" in answer.text
    assert "The audit log is for the role admin." in visitor.get("/events").text
    token = admin.token()
    admin.post("/settings/users/vera", {"action": "remove", "token": token})
    assert where(visitor.get("/")) == "/login"
