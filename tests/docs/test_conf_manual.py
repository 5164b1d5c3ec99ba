"""plvsd.conf(5) names what plvsd reads, and its example can be read."""

from __future__ import annotations

from dataclasses import fields

from lvsm.core.plvsd_conf import HELP, PlvsdConf, parse, render
from scripts.docs import conf_manual
from tests.docs.test_manual import shown


def test_the_page_names_every_key_with_its_default() -> None:
    flat = " ".join(shown(conf_manual.page()).split())
    assert set(HELP) == {field.name for field in fields(PlvsdConf)}
    for key, said in HELP.items():
        assert f"{key} {' '.join(said.replace('`', '').split())}" in flat
    assert "Default: 6610." in flat


def test_its_example_can_be_read() -> None:
    assert parse(render(conf_manual.EXAMPLE)) == conf_manual.EXAMPLE
    lines = [line.strip() for line in shown(conf_manual.page()).splitlines()]
    assert all(line in lines for line in render(conf_manual.EXAMPLE).rstrip().split("\n"))
