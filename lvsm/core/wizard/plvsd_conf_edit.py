"""An existing plvsd.conf made to say what was answered.

Law: keys that are not asked for, and comments, stay as they are; a changed key keeps its line and
what stands behind its value. New keys go to the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lvsm.core import plvsd_conf, toml_text
from lvsm.core.places import Places
from lvsm.core.plvsd_conf import PlvsdConf, PlvsdConfError
from lvsm.core.wizard.ha_cf_edit import WizardError

_FRESH = "# This node's plvsd. writeconfigs wrote it: run it again to change what it asks for.\n"


def edited(text: str | None, wanted: Mapping[str, Any]) -> str:
    """`text` with these keys, of PlvsdConf's fields; a key whose value is None is left as it is.

    Raises WizardError when the text cannot be understood, or changed without harm.
    """
    before = PlvsdConf()
    if text is not None:
        try:
            before = plvsd_conf.parse(text)
        except PlvsdConfError as error:
            raise WizardError(f"{error.message} Mend that, or move the file away") from None
    new = {key: value for key, value in wanted.items() if value is not None}
    result = _changed(_FRESH if text is None else text, before, new, fresh=text is None)
    try:
        found = plvsd_conf.parse(result)
    except PlvsdConfError:
        found = None
    if found != replace(before, **new):
        raise WizardError("plvsd.conf is written in a way that cannot be changed: move it away")
    return result


def _changed(text: str, before: PlvsdConf, new: Mapping[str, Any], *, fresh: bool) -> str:
    places = Places(text)
    spans = []
    added = []
    for key, value in new.items():
        span = places.value_span((key,))
        if span is None:
            if fresh or getattr(before, key) != value:
                added.append(toml_text.pair(key, value))
        elif getattr(before, key) != value:
            start, end = span
            end = start + len(text[start:end].rstrip())  # a number's span has the space behind it
            spans.append((start, end, toml_text.value(value)))
    for start, end, value in sorted(spans, reverse=True):
        text = text[:start] + value + text[end:]
    if added and not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{line}\n" for line in added)
