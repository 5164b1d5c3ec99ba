"""The editor of a virtual service: a change goes into the draft after plvsd has checked it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from lvsm.client.configuration import (
    REALSERVER,
    EditError,
    RemoveVip,
    VirtualService,
    vip_of,
)
from webclient import forms
from webclient.commands import command, of_edit
from webclient.drafting import base_now, checked, draft_now
from webclient.drafts import Change, Draft
from webclient.explained import FORWARDING, LABELS, SCHEDULERS
from webclient.forms import Form, Mistake
from webclient.site import done, go, session, status_now

bp = Blueprint("editor", __name__, url_prefix="/vips")
LAID_OUT = frozenset(
    {
        "address",
        "ports",
        "protocol",
        "fwmark",
        "scheduler",
        "flags",
        "one_packet",
        "forwarding",
        "nat_gateway",
        "directors",
        "persistence",
        "persistence_netmask",
        "persistence_engine",
        "interface",
        "enabled",
    }
)
"""Keys that have their place in the form; others stand below, as the table of keys says them."""
MOST_OFFERED = 24
"""Nodes that are offered as realservers to tick; with more, one types their names."""


@bp.get("/new")
def new() -> str:
    """The form of a new virtual service."""
    status = status_now()
    directors = _directors(status)
    others = [name for name in _names(status) if name not in directors[:2]]
    offered = others if len(others) <= MOST_OFFERED else []
    return _render(status, forms.of_nothing(directors[:2], offered), None)


@bp.post("/new")
def add() -> Response | str | tuple[str, int]:
    """A new virtual service into the draft."""
    return _take(forms.read(_fields()), None)


@bp.get("/<name>/edit")
def edit(name: str) -> str:
    """The form of one that is there, in the draft or saved."""
    status = status_now()
    present = _present(name)
    there = {member.node for member in present.realservers}
    others = [n for n in _names(status) if n not in {*present.directors, *there}]
    offered = others if len(others) <= MOST_OFFERED else []
    return _render(status, forms.of_vip(present, offered), present)


@bp.post("/<name>/edit")
def change(name: str) -> Response | str | tuple[str, int]:
    """Its changes into the draft."""
    return _take(forms.read(_fields(), name), _present(name))


@bp.get("/<name>/remove")
def ask_remove(name: str) -> str:
    """What a removal takes away."""
    nodes = session().nodes
    _present(name)
    status = status_now()
    found = next((vip for vip in status["vips"] if vip["name"] == name), None)
    members = nodes.ask("RS LIST", name).items if found else ()
    live = sum(member["live"] or 0 for member in members)
    return render_template(
        "remove.html",
        status=status,
        name=name,
        vip=found,
        live=live,
        command=command("vip", "remove", name),
    )


@bp.post("/<name>/remove")
def remove(name: str) -> Response:
    """The removal into the draft."""
    made = Change(edits=(RemoveVip(vip=name),))
    session().draft = draft_now().with_change(made)
    done(f"{name} will be removed when you save", command=of_edit(made.edits[0]))
    return go("changes.page")


def _fields() -> forms.Fields:
    return dict(request.form.lists())


def _take(form: Form, present: VirtualService | None) -> Response | str | tuple[str, int]:
    """Check a form, and put it into the draft unless it was only to be looked at."""
    status = status_now()
    if request.form.get("do") == "row":
        return _render(status, forms.with_row(form), present)
    found, draft = _checked(form, present)
    wrong = any(not mistake.warning for mistake in found)
    if wrong or draft is None or request.form.get("do") == "check":
        page = _render(status, form, present, found, _edits(form, present))
        return page, 422 if wrong else 200
    session().draft = draft if draft.changes else None
    return go("changes.page")


def _checked(form: Form, present: VirtualService | None) -> tuple[list[Mistake], Draft | None]:
    """What plvsd says to the draft with this form in it."""
    edits = forms.edits(form, present)
    if not edits:
        nothing = Mistake(field="", code="nothing", message="Nothing is changed.", warning=True)
        return [nothing], None
    try:
        draft = draft_now().with_change(Change(edits=edits))
    except EditError as error:
        problems = [problem.to_json() for problem in error.problems]
        return forms.mistakes(problems, form) or [_whole(error)], None
    answer = checked(draft.text)
    return forms.mistakes(answer["problems"], form), draft


def _whole(error: EditError) -> Mistake:
    field = "name" if error.code in ("already-there", "name") else ""
    return Mistake(field=field, code=error.code, message=error.message)


def _edits(form: Form, present: VirtualService | None) -> list[str]:
    return [of_edit(edit) for edit in forms.edits(form, present)]


def _render(
    status: dict[str, Any],
    form: Form,
    present: VirtualService | None,
    found: Sequence[Mistake] = (),
    typed: Sequence[str] = (),
) -> str:
    by_field: dict[str, list[Mistake]] = {}
    for mistake in found:
        by_field.setdefault(mistake.field, []).append(mistake)
    return render_template(
        "editor.html",
        status=status,
        form=form,
        new=present is None,
        keys=forms.KEYS,
        extra=[name for name in forms.KEYS if name not in LAID_OUT],
        row_keys=REALSERVER,
        mistakes=by_field,
        wrong=sum(not mistake.warning for mistake in found),
        commands=typed,
        members=_names(status, external=False),
        names=_names(status),
        schedulers=SCHEDULERS,
        forwarding=FORWARDING,
        labels=LABELS,
    )


def _present(name: str) -> VirtualService:
    """The virtual service as the draft has it, or as it is saved; 404."""
    draft = session().draft
    text = draft.text if draft is not None else base_now().text
    try:
        return vip_of(text, name)
    except EditError as error:
        if error.code != "unknown-name":
            raise
        abort(404, error.message)


def _names(status: dict[str, Any], *, external: bool = True) -> list[str]:
    return [n["name"] for n in status["nodes"] if external or n["state"] != "external"]


def _directors(status: dict[str, Any]) -> list[str]:
    """Who is a director already, else the first nodes."""
    nodes = [node for node in status["nodes"] if node["state"] != "external"]
    found = [node["name"] for node in nodes if node["role"] == "director"]
    return found or [node["name"] for node in nodes]
