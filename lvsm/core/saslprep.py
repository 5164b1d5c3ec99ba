"""SASLprep (RFC 4013): one spelling for every user name and password, however it was typed."""

from __future__ import annotations

from lvsm.core.errors import LvsmError

LONGEST = 1_024
"""Characters, before and after preparing: each of them is looked up in nine tables."""


class UnusableTextError(LvsmError):
    """A user name or password with characters that nobody could type again, or too many."""

    code = "unusable-text"


def saslprep(text: str) -> str:
    """The prepared text, as a stored string (no unassigned code points).

    Raises UnusableTextError, which does not repeat the text.
    """
    if text.isascii() and text.isprintable():
        return text
    if len(text) > LONGEST:
        raise UnusableTextError(f"the text has more than {LONGEST} characters")
    import stringprep
    import unicodedata

    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if len(prepared) > LONGEST:  # one character can become eighteen
        raise UnusableTextError(f"the text has more than {LONGEST} characters")
    prohibited = (
        stringprep.in_table_a1,
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    if any(is_in(character) for character in prepared for is_in in prohibited):
        raise UnusableTextError("the text has control characters, or some that are not in use")
    _check_directions(prepared)
    return prepared


def _check_directions(text: str) -> None:
    """RFC 3454, section 6: right-to-left text is that from its first to its last character."""
    import stringprep

    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)) or not (
        stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    ):
        raise UnusableTextError("the text mixes writing from the left and from the right")
