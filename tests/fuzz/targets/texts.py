"""The TOML texts: the cluster's configuration with all that is done to one, and plvsd.conf."""

from __future__ import annotations

import tomllib
from collections.abc import Hashable
from random import Random

from lvsm.core import config_text, plvsd_conf
from lvsm.core.facts import Facts
from lvsm.core.problems import Problem, render
from lvsm.core.scram_keys import to_base64
from lvsm.core.toml_text import too_deep
from lvsm.daemon.checking import check
from tests.fuzz.target import Target, law, text_of
from tests.fuzz.targets.login import VERIFIER

MEMBERS = ("dir1", "dir2", "rs1", "rs2")
FACTS = {
    name: Facts(
        node=name,
        version="2",
        order=(0, 0, ""),
        eligible=True,
        address=f"192.0.2.{number}",
        addresses=(f"192.0.2.{number}/24",),
        ipvs=True,
    )
    for number, name in enumerate(MEMBERS, 11)
}
LONGEST_ANSWER = 2_000
CONFIG = b"""[cluster]
name = "www"

[node.dir1]
address = "192.0.2.11"

[vip.web]
address = "192.0.2.10/24"
ports = [80, 443]
scheduler = "wlc"
forwarding = "dr"
directors = ["dir1", "dir2"]
persistence = 300

[[vip.web.realserver]]
node = "rs1"
weight = 2

[[vip.web.realserver]]
node = "rs2"
"""
STYLES = (
    b'[vip]\ndns = {address = "192.0.2.9", ports = [53], protocol = "udp", directors = ["dir1"]}\n',
    b'vip."a".address = \'192.0.2.8\'\nvip.a.ports=[1]\nvip.a.directors = [ "dir2", ]\n',
    b'node.rs1.external = true\r\nnode.rs1.address = """192.0.2.70"""\r\n',
    b"cluster.save_quorum = 'any' # \xc3\xa9\n", b'[vip.x]\ncheck = {type="http"}\nfwmark = 7\n',
)  # fmt: skip
WORDS = (
    b"[[vip.web.realserver]]\n", b"[vip.web]\n", b"[", b"[[", b"{", b"a.", b'"a".', b"a={", b"'''",
    b'"""', b"\\u0000", b"\\U0010ffff", b"0x", b"1_0", b"inf", b"nan", b"1979-05-27T07:32:00Z",
    b"true", b"realserver = 1\n", b'address = "::1%eth0"\n', b'"192.0.2.10/0"', b"[node]\n",
    b'weight = 65536\n', b'forwarding = "nat"\n', b'nat_gateway = "::1/128"\n', b"#", b"\r",
)  # fmt: skip
CONF = b"""port = 6610
uid = "plvsd"
interface = "eth0"
password_verifier = "%s"
cluster_key = "%s"
listen = ["192.0.2.1", "::"]
log_level = "debug"
""" % (str(VERIFIER).encode(), to_base64(b"k" * 32).encode())
CONF_WORDS = (
    b"port = ", b"uid = 7\n", b"cluster_key = ", b'"\xc3\xa9"', b"listen = [", b"a.", b"[" * 300,
    b"9" * 5_000, b"log_level", b"'", b'"',
)  # fmt: skip


def configuration(data: bytes) -> Hashable:
    """Every text is read or answered with problems that have a place; nothing is ever raised."""
    text = text_of(data)
    parsed = config_text.parse(text)
    law((parsed.configuration is None) == bool(parsed.problems), "neither read nor refused")
    for problem in parsed.problems[:50]:
        _show(problem, text)
    if parsed.configuration is None:
        return tuple(sorted({problem.code for problem in parsed.problems}))
    again = config_text.parse(config_text.render(parsed.configuration))
    law(again.configuration == parsed.configuration, "rendered, it says something else")
    checked = check(text, members=MEMBERS, facts=FACTS)
    for problem in checked.problems[:50]:
        _show(problem, text)
    completed = config_text.parse(checked.text)
    law(completed.configuration == checked.configuration, "completed, it says something else")
    return tuple(sorted({problem.code for problem in checked.problems})), len(checked.text) > len(
        text
    )


def _show(problem: Problem, text: str) -> None:
    law(problem.place is not None, "a problem has no place")
    shown = render(problem, text, "www.toml")
    law(len(shown) < LONGEST_ANSWER, "a problem is shown at great length")


def conf(data: bytes) -> Hashable:
    """A plvsd.conf that is read is read again when it is written out; no secret is in an error."""
    text = text_of(data)
    try:
        found = plvsd_conf.parse(text)
    except plvsd_conf.PlvsdConfError as error:
        law(len(error.message) < LONGEST_ANSWER, "an error is told at great length")
        _no_secret(text, error.message)
        raise
    law(plvsd_conf.parse(plvsd_conf.render(found)) == found, "rendered, it says something else")
    return len(repr(found)) > 100


def _no_secret(text: str, message: str) -> None:
    if too_deep(text) is not None:
        return  # refused unread, and tomllib would need seconds for it
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    for key in ("password_verifier", "cluster_key"):
        secret = document.get(key)
        if isinstance(secret, str) and len(secret) >= 20:
            law(secret not in message, "a secret is in an error")


def _configuration(rng: Random) -> bytes:
    """A configuration of some services and realservers, in several styles of writing."""
    if rng.random() < 0.3:
        return b"".join(rng.sample(STYLES, rng.randint(1, len(STYLES))))
    parts = [b'[cluster]\nname = "www"\n']
    for number in range(rng.randint(0, 4)):
        address = rng.choice((b"192.0.2.%d" % (20 + number), b"2001:db8::%d/64" % number))
        parts.append(
            b'[vip.w%d]\naddress = "%s"\nports = [%d]\ndirectors = ["dir1"]\n'
            % (number, address, rng.choice((80, 0, 65536)))
        )
        for _ in range(rng.randint(0, 3)):
            node = rng.choice((b"rs1", b"rs2", b"dir2", b"nobody", b"Bad"))
            parts.append(
                b'[[vip.w%d.realserver]]\nnode = "%s"\nweight = %d\n'
                % (number, node, rng.choice((0, 1, 65535, 65536)))
            )
    return b"".join(parts)


TARGETS = (
    Target(
        name="configuration",
        run=configuration,
        make=_configuration,
        seeds=(CONFIG, *STYLES),
        words=WORDS,
        most=64 * 1024,
    ),
    Target(
        name="plvsd.conf",
        run=conf,
        make=lambda rng: b"".join(
            line for line in CONF.splitlines(keepends=True) if rng.random() < 0.7
        ),
        seeds=(CONF,),
        words=(*CONF_WORDS, *WORDS),
        most=64 * 1024,
    ),
)
