from __future__ import annotations

import click

from lvsm.cli.writeconfigs import cli
from scripts.docs.wizard_manual import page
from tests.docs.test_manual import shown


def test_the_page_of_writeconfigs_says_what_its_help_says() -> None:
    flat = " ".join(shown(page()).split())
    for param in cli.params:
        assert isinstance(param, click.Option)
        assert all(name in flat for name in param.opts)
        assert " ".join((param.help or "").replace("`", "").split()) in flat
    assert "writeconfigs --answers answers.toml --dry-run" in flat
    assert "/etc/ha.d/authkeys" in flat
