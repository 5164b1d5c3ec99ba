"""Users, roles, sessions and certificates on real nodes, by the command and over the network."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cluster.site import Site
from tests.lab.client import poll_until

pytestmark = pytest.mark.lab

PASSWORD = b"penguin-of-the-lab\n"
ANN = b"a viewer's password\n"
NEW_SESSION = """\
import json, sys
sys.path.insert(0, "/opt/tree")
from lvsm.client import connect
with connect("dir1", user="admin", password=sys.stdin.readline().strip()) as client:
    print(json.dumps(client.request("SESSION NEW").items[0]))
"""
END_SESSION = NEW_SESSION.replace('"SESSION NEW").items[0]', '"SESSION END", sys.argv[1]).text')
OLD_TLS = """\
import socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.maximum_version = ssl.TLSVersion.TLSv1_2
with socket.create_connection(("dir1", 6610), timeout=10) as plain:
    try:
        context.wrap_socket(plain)
    except (ssl.SSLError, OSError) as error:
        print("refused:", error)
"""


@pytest.fixture
def ann(site: Site) -> Iterator[str]:
    """A viewer on dir1, and who she is to `lvsm` on the client."""
    for path, password in (("/tmp/admin", PASSWORD), ("/tmp/ann", ANN)):
        site.lab.put("client", path, password, mode=0o600)
    site.lab.put("dir1", "/tmp/ann", ANN, mode=0o600)
    words = ["--role", "viewer", "--new-password-file", "/tmp/ann"]
    site.lvsm("dir1", "user", "add", "ann", *words)
    yield "ann"
    site.lvsm("dir1", "--yes", "user", "remove", "ann", check=False)


def python(site: Site, code: str, *arguments: str, text: bytes = b"") -> bytes:
    argv = ["/opt/tree/.venv/bin/python", "-I", "-c", code, *arguments]
    return site.lab.run("client", argv, input=text, timeout=60).out


def test_a_viewer_may_look_and_not_save(site: Site, ann: str) -> None:
    words = ["--node", "dir1", "--user", ann, "--password-file", "/tmp/ann"]
    document = json.loads(site.lvsm("client", *words, "--json", "status").out)
    before = document["generation"]
    refused = site.lvsm("client", *words, "config", "save", "-", text="[cluster]\n", check=False)
    assert refused.status == 4
    assert b"admin" in refused.err
    status = site.status("dir1")
    assert status is not None
    assert status["generation"] == before
    records = [
        json.loads(line) for line in site.read("dir1", "/var/log/lvsm/audit.jsonl").splitlines()
    ]
    assert [r["result"] for r in records if r["who"]["name"] == ann] == ["forbidden"]
    log = site.read("dir1", "/var/log/lvsm/audit.jsonl") + site.read("dir1", "/var/log/plvsd.log")
    assert ANN.decode().strip() not in log
    assert "SCRAM-SHA-256$" not in log


def test_a_user_who_is_removed_is_a_stranger(site: Site, ann: str) -> None:
    site.lvsm("dir1", "--yes", "user", "remove", ann)
    words = ["--node", "dir1", "--user", ann, "--password-file", "/tmp/ann"]
    gone = site.lvsm("client", *words, "status", check=False)
    never = site.lvsm("client", *["bob" if w == ann else w for w in words], "status", check=False)
    assert (gone.status, never.status) == (4, 4)
    assert gone.err == never.err.replace(b"bob", ann.encode())


@pytest.mark.usefixtures("ann")
def test_a_session_is_valid_on_every_node_until_it_is_ended_on_one(site: Site) -> None:
    made = json.loads(python(site, NEW_SESSION, text=PASSWORD))
    site.lab.put("client", "/tmp/secret", made["secret"].encode() + b"\n", mode=0o600)
    session = ["--user", f"session:{made['id']}", "--password-file", "/tmp/secret"]
    for node in ("dir1", "dir2", "rs1"):
        assert b"www:" in site.lvsm("client", "--node", node, *session, "status").out
    altered = [session[0], session[1][:-1] + ("0" if session[1][-1] != "0" else "1"), *session[2:]]
    assert site.lvsm("client", "--node", "dir2", *altered, "status", check=False).status == 4
    python(site, END_SESSION, made["id"], text=PASSWORD)
    for node in ("dir1", "dir2", "rs1"):
        poll_until(
            lambda n=node: (  # type: ignore[misc]  # mypy does not see the default
                site.lvsm("client", "--node", n, *session, "status", check=False).status == 4
            ),
            10,
            f"the session is not over on {node}",
        )


@pytest.mark.parametrize("account", ["mon", "hacluster"])
def test_heartbeat_and_mon_may_not_look_or_change(site: Site, account: str) -> None:
    for words in (["status"], ["config", "save", "-"], ["user", "list"]):
        argv = ["setpriv", f"--reuid={account}", "--clear-groups", "lvsm", *words]
        refused = site.lab.run("dir1", argv, input=b"[cluster]\n", check=False, timeout=60)
        assert refused.status == 4, words


def test_older_tls_is_refused(site: Site) -> None:
    assert python(site, OLD_TLS).startswith(b"refused:")


def test_a_renewed_certificate_is_used_and_the_old_fingerprint_refused(site: Site) -> None:
    def fingerprint() -> str:
        shown = json.loads(site.lvsm("dir1", "--json", "cert", "show").out)
        return str(shown["fingerprint"])

    site.lab.put("client", "/tmp/admin", PASSWORD, mode=0o600)
    old = fingerprint()
    words = ["--node", "dir1", "--password-file", "/tmp/admin"]
    assert b"www:" in site.lvsm("client", *words, "--fingerprint", old, "status").out
    site.lvsm("dir1", "--yes", "cert", "renew")
    new = fingerprint()
    assert new != old
    assert site.lvsm("client", *words, "--fingerprint", old, "status", check=False).status != 0
    assert b"www:" in site.lvsm("client", *words, "--fingerprint", new, "status").out
    site.settle()
