"""lvsm cert: a node's certificate."""

from __future__ import annotations

from typing import Any

import click

from lvsm.cli.command import Group
from lvsm.cli.run import Run, pass_run


@click.group(cls=Group, short_help="A node's certificate.")
def cert() -> None:
    """Look at a node's certificate, and renew it.

    A node makes its own at the first start and another one when less than 30 days are left.

    \b
    Examples:
      lvsm cert show
      lvsm --node dir1 cert show --json | jq -r .fingerprint
      lvsm cert renew --yes
    """


@cert.command("show")
@pass_run
def cert_show(run: Run) -> None:
    """Show the certificate of the node: its fingerprint is what --fingerprint takes.

    \b
    Examples:
      lvsm cert show
      lvsm --node dir1 cert show
    """
    document = run.one("CERT SHOW")
    run.output.document(document, lambda: _text(document))


@cert.command("renew")
@pass_run
def cert_renew(run: Run) -> None:
    """Have the node make a new key and certificate.

    New connections get the new one, those that stand keep the old one. Whoever uses --fingerprint
    needs the new fingerprint from then on. Of several --node it is the first that answers.

    \b
    Examples:
      lvsm cert renew
      lvsm --node dir1 cert renew --yes
    """
    run.confirm("Make a new key and certificate? Whoever uses --fingerprint needs the new one.")
    document = run.one("CERT RENEW")
    run.output.document(document, lambda: f"renewed\n{_text(document)}")


def _text(document: dict[str, Any]) -> str:
    left = f"{document['days_left']} days left"
    facts = (
        ("node", document["node"]),
        ("subject", document["subject"]),
        ("sha256", document["fingerprint"]),
        ("valid from", document["not_before"]),
        ("valid until", f"{document['not_after']} ({left})"),
    )
    return "\n".join(f"{name:<12} {value}" for name, value in facts)
