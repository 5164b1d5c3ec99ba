"""Existing files made to say what was answered: what others wrote stays, and no secret is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvsm.core import authkeys, ha_cf, plvsd_conf
from lvsm.core.ha_cf import HaCf
from lvsm.core.readers import Wrong
from lvsm.core.wizard import authkeys_edit, ha_cf_edit, passwords, plvsd_conf_edit, timing
from lvsm.core.wizard.files import AUTHKEYS, Change, Existing, difference

FOREIGN = st.sampled_from(
    ["# a comment", "", "baud 19200", "deadping 10", "ping 10.0.0.1", "  # indented", "use_logd no"]
)
OURS = st.sampled_from(
    ["udpport 700", "bcast eth0 # main", "node a b", "keepalive 2", "watchdog /dev/watchdog",
     "mcast eth1 225.0.0.1 694 1 0", "auto_failback on", "deadtime 30", "node c"]
)  # fmt: skip
TEXTS = st.lists(FOREIGN | OURS, max_size=14).map("\n".join)
WANTED = st.builds(
    HaCf,
    nodes=st.sampled_from([("a", "b"), ("dir1",)]),
    media=st.sampled_from([(("bcast", "eth0"),), (("ucast", "eth1", "10.0.0.1"),)]),
    times=st.sampled_from([preset.timing.times() for preset in timing.PRESETS.values()]),
    udp_port=st.integers(1, 65535),
    watchdog=st.sampled_from([None, "/dev/watchdog"]),
)


def foreign(text: str) -> list[str]:
    names = ("udpport", "bcast", "node", "keepalive", "watchdog", "mcast", "auto_failback",
             "deadtime", "ucast", "warntime", "initdead")  # fmt: skip
    return [line for line in text.splitlines() if line.strip() and line.split()[0] not in names]


@settings(max_examples=60)
@given(TEXTS, WANTED)
def test_an_edited_ha_cf_says_what_is_wanted_and_keeps_the_rest(text: str, wanted: HaCf) -> None:
    result = ha_cf_edit.edited(text, wanted)
    read = ha_cf.parse(result)
    assert (read.nodes, read.media, read.udp_port) == (wanted.nodes, wanted.media, wanted.udp_port)
    assert (read.times, read.watchdog) == (wanted.times, wanted.watchdog)
    assert read.auto_failback == "legacy"
    assert foreign(result) == foreign(text)
    assert ha_cf_edit.edited(result, wanted) == result


@pytest.mark.parametrize("line", ["crm yes", "pacemaker respawn", "autojoin any"])
def test_what_lvsm_cannot_go_with_is_refused(line: str) -> None:
    wanted = HaCf(nodes=("a",), media=(("bcast", "eth0"),))
    with pytest.raises(ha_cf_edit.WizardError):
        ha_cf_edit.edited(f"{line}\n", wanted)


def test_an_authkeys_keeps_comments_and_other_keys() -> None:
    text = "# ours\nauth 2\n1 crc\n2 md5 old-secret\n"
    result = authkeys_edit.edited(text, "sha1", "new-secret")
    assert result == "# ours\nauth 2\n1 crc\n2 sha1 new-secret\n"
    assert authkeys_edit.others(result) == ("1 crc",)
    assert authkeys_edit.edited(result, "sha1", "new-secret") == result
    assert authkeys.parse(authkeys_edit.edited(None, "crc", None)).keys[1] == ("crc", None)


def test_a_plvsd_conf_keeps_comments_and_other_keys() -> None:
    text = '# ours\nport = 7000 # high\nlog_level = "debug"'
    result = plvsd_conf_edit.edited(text, {"port": 6610, "uid": "plvsd", "cluster_key": None})
    assert result == '# ours\nport = 6610 # high\nlog_level = "debug"'
    assert plvsd_conf.parse(result).log_level == "debug"


@pytest.mark.parametrize("text", ["auth 1\n1 sha1 the-secret\n", "the-secret\n", "#the-secret\n"])
def test_no_difference_shows_a_key(text: str) -> None:
    before = Existing(text=text, mode=0o644)
    after = "auth 1\n1 sha1 other-secret\n"
    change = Change(path=AUTHKEYS, before=before, after=after, mode=0o600, group="root")
    shown = difference(change)
    assert "1 sha1 <" in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    "bad",
    ["fast", "1/2/3", "1/1/1/1", "200ms/100ms/1/30", "200ms/600ms/1/0.5", "1s/2/3/4", "1/2/2/4"],
)
def test_bad_timings_are_refused(bad: str) -> None:
    with pytest.raises(Wrong):
        timing.read(bad)


@pytest.mark.parametrize("bad", ["", "short", "password", "Password1!", "aaaaaaaa", "director"])
def test_bad_passwords_are_refused(bad: str) -> None:
    with pytest.raises(Wrong):
        passwords.check(bad, ("director",))


def test_timings_are_read_back() -> None:
    for name in (*timing.PRESETS, "200ms/600ms/1000ms/7000ms"):
        assert timing.show(timing.read(name)) == name
