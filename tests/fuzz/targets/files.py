"""heartbeat's files, what peers tell each other, and what the worker asks the privileged half."""

from __future__ import annotations

import re
from collections.abc import Hashable
from random import Random

from lvsm.core import authkeys, facts, ha_cf, haresources, verbs
from lvsm.core.verbs import HaresourcesGroup
from tests.fuzz.target import Target, law, text_of

GROUPS = (
    HaresourcesGroup(
        group="web", directors=("dir1", "dir2"), addresses=("192.0.2.10",), vips=("w",)
    ),
    HaresourcesGroup(group="dns", directors=("dir2",), addresses=("192.0.2.9",), vips=("d", "e")),
)
LINES = tuple(haresources.Line(group=g.group, directors=g.directors) for g in GROUPS)
HA_CF = b"""udpport 694
logfacility daemon
auto_failback legacy
keepalive 200ms
deadtime 1
initdead 30
bcast eth0 eth1
mcast eth2 239.0.0.1 694 1 0
ucast eth3 192.0.2.2
node dir1 DIR2
node rs1
respawn hacluster /usr/lib/heartbeat/ipfail # and more
"""
HA_CF_WORDS = (
    b"keepalive ", b"9" * 400 + b"\n", b"1e5", b"0.5", b"500000us\n", b"udpport ", b"node ", b"#",
    b"bcast\n", b"watchdog /dev/watchdog\n", b"\r\n", b"\xd9\xa1", b"\x0b", b"\xc2\x85", b"logfile",
)  # fmt: skip
AUTHKEYS = b"""# keys
auth 1
1 sha1 a-long-and-secret-key
2 crc
15 md5 another-secret-key
"""
AUTHKEYS_WORDS = (
    b"auth ", b"auth 1\n", b"1 crc\n", b"sha1 ", b"9" * 5_000, b"\xc2\xb2", b"\xd9\xa1", b"#",
    b"16 crc\n", b"-1", b"1 sha1 a-long-and-secret-key more\n",
)  # fmt: skip
HARESOURCES = b"""# mine
dir1 IPaddr::192.0.2.77/24 apache \\
  other::a::b
%s
dir1 plvs::web::dir2
%s
dir2 192.0.2.78
""" % (haresources.BEGIN.encode(), haresources.END.encode())
HARESOURCES_WORDS = (
    haresources.BEGIN.encode() + b"\n", haresources.END.encode() + b"\n", b"\\\n", b"plvs::", b"::",
    b"dir1 plvs::a::b,c\n", b"#", b"dir1 plvs::x # y\n", b"\r\n",
)  # fmt: skip
OPERATIONS = (
    b'{"verb":"read"}',
    b'{"verb":"apply","operations":[{"operation":"hold_group","group":"web"}]}',
    b'{"verb":"write_haresources","groups":[{"group":"web","directors":["dir1"],'
    b'"addresses":["192.0.2.1"],"vips":["w"]}]}',
)
JSON_WORDS = (
    b"[" * 1_000, b'{"a":' * 200, b"null", b"1e999", b"9" * 100, b'"\\ud800"', b'"verb"', b"true",
    b'"operation":', b'"192.0.2.1/33"',
)  # fmt: skip
FACTS = facts.encode(
    facts.Facts(
        node="dir1",
        version="2",
        order=(1, 2, "ab"),
        eligible=True,
        holds=("web",),
        address="192.0.2.1",
        addresses=("192.0.2.1/24",),
    )
)
LONGEST_ERROR = 1_000
_BLOCK = re.compile(
    f"^{re.escape(haresources.BEGIN)}\n.*?^{re.escape(haresources.END)}$", re.MULTILINE | re.DOTALL
)


def read_ha_cf(data: bytes) -> Hashable:
    """What is read is read again when it is written out."""
    text = text_of(data)
    found = ha_cf.parse(text)
    law(ha_cf.parse(ha_cf.render(found)) == found, "rendered, it says something else")
    return len(found.interfaces()), len(found.other), tuple(found.times)


def read_authkeys(data: bytes) -> Hashable:
    """What is read is read again when it is written out; no error has a key in it."""
    text = text_of(data)
    try:
        found = authkeys.parse(text)
    except authkeys.AuthkeysError as error:
        secrets = [word for word in text.split() if len(word) > 10]
        law(not any(word in error.message for word in secrets), "a key is in an error")
        raise
    law(authkeys.parse(authkeys.render(found)) == found, "rendered, it says something else")
    law("secret" not in repr(found), "a key is in a repr")
    return found.use, len(found.keys), found.secret() is None


def rewrite_haresources(data: bytes) -> Hashable:
    """Whatever the file says, our lines get in, and all foreign ones stay."""
    text = text_of(data)
    before = _foreign_words(_BLOCK.sub("\n", text, count=1))
    written = haresources.render(text, GROUPS)
    law(haresources.render(written, GROUPS) == written, "written twice, it is another file")
    law(_foreign_words(written) == before, "other people's lines were changed")
    law(set(LINES) <= set(haresources.parse(written)), "our lines cannot be read back")
    removed = haresources.render(written, ())
    law(_foreign_words(removed) == before, "other people's lines were changed by removing")
    return len(before), len(haresources.parse(text)), len(written) > len(text)


def _foreign_words(text: str) -> list[str]:
    """How lines hang together may change where the block stood in the middle of one."""
    text = f"{text}\n".replace(haresources.BEGIN, "").replace(haresources.END, "")
    return sorted(" ".join(haresources.foreign(text)).replace("\\", "").split())


def hear_facts(data: bytes) -> Hashable:
    """What a peer says of itself is read or refused."""
    found = facts.decode(data)
    law(facts.decode(facts.encode(found)) == found, "encoded, it says something else")
    return found.eligible, len(found.holds), found.address is None


def privileged_request(data: bytes) -> Hashable:
    """What the worker asks the privileged half is read or refused."""
    try:
        request = verbs.decode_request(data)
    except verbs.BadFrameError as error:
        law(len(error.message) < LONGEST_ERROR, "an error is told at great length")
        raise
    again = verbs.decode_request(verbs.encode(request)[verbs.LENGTH_BYTES :])
    law(again == request, "encoded, it asks for something else")
    return type(request)


def _some_lines(whole: bytes, rng: Random) -> bytes:
    lines = whole.splitlines(keepends=True)
    if rng.random() < 0.3:
        rng.shuffle(lines)
    return b"".join(line for line in lines if rng.random() < 0.8)


def _file(whole: bytes, rng: Random, words: tuple[bytes, ...]) -> bytes:
    text = _some_lines(whole, rng)
    return text + rng.choice(words) if rng.random() < 0.3 else text


TARGETS = (
    Target(
        name="ha.cf",
        run=read_ha_cf,
        make=lambda rng: _file(HA_CF, rng, HA_CF_WORDS),
        seeds=(HA_CF,),
        words=HA_CF_WORDS,
    ),
    Target(
        name="authkeys",
        run=read_authkeys,
        make=lambda rng: _file(AUTHKEYS, rng, AUTHKEYS_WORDS),
        seeds=(AUTHKEYS,),
        words=AUTHKEYS_WORDS,
    ),
    Target(
        name="haresources",
        run=rewrite_haresources,
        make=lambda rng: _file(HARESOURCES, rng, HARESOURCES_WORDS),
        seeds=(HARESOURCES, b"dir1 192.0.2.5"),
        words=HARESOURCES_WORDS,
    ),
    Target(
        name="facts",
        run=hear_facts,
        make=lambda _rng: FACTS,
        seeds=(FACTS,),
        words=JSON_WORDS,
    ),
    Target(
        name="privileged",
        run=privileged_request,
        make=lambda rng: rng.choice(OPERATIONS),
        seeds=OPERATIONS,
        words=JSON_WORDS,
    ),
)
