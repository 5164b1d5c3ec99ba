from __future__ import annotations

from lvsm.plvsd import parser
from scripts.docs.daemon_manual import page
from tests.docs.test_manual import shown


def test_the_page_of_plvsd_says_what_its_help_says() -> None:
    flat = " ".join(shown(page()).split())
    for action in parser()._actions:
        assert all(name in flat for name in action.option_strings)
        assert " ".join((action.help or "").partition("%")[0].split()) in flat
    assert "plvsd --release --dry-run" in flat
    assert "/run/lvsm/owned.json" in flat
