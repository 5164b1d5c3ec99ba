"""The pages: each view parses a request, asks the cluster, and renders."""

from __future__ import annotations

from flask import Blueprint

from webclient.views import (
    accounts,
    auth,
    changes,
    editor,
    events,
    history,
    nodes,
    overview,
    vips,
)


def blueprints() -> tuple[Blueprint, ...]:
    """All of them."""
    return (
        auth.bp,
        overview.bp,
        vips.bp,
        editor.bp,
        changes.bp,
        nodes.bp,
        events.bp,
        history.bp,
        accounts.bp,
    )
