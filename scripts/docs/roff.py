"""Manual pages in man(7)'s macros, from plain text.

Law: no text of the code's can become a request of roff's: a backslash is written as one, and a
line never begins with a dot or an apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CODE = re.compile(r"`([^`]+)`")


def text(plain: str) -> str:
    """One line of text; `code` becomes bold."""
    return _CODE.sub(r"\\fB\1\\fR", escape(plain))


def escape(plain: str) -> str:
    """Text without anything that roff would understand; hyphens may be pasted into a shell."""
    escaped = plain.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def bold(plain: str) -> str:
    """Text in bold."""
    return f"\\fB{escape(plain)}\\fR"


def italic(plain: str) -> str:
    """Text in italics: what stands for something else."""
    return f"\\fI{escape(plain)}\\fR"


def title(name: str, section: int, source: str, manual: str) -> str:
    """The page's first line."""
    return f'.TH "{escape(name.upper())}" "{section}" "" "{escape(source)}" "{escape(manual)}"'


def section(name: str, *lines: str) -> str:
    """A section; nothing for one without lines."""
    body = [line for line in lines if line]
    return "\n".join([f'.SH "{escape(name)}"', *body]) if body else ""


def paragraphs(plain: str) -> str:
    """Paragraphs that blank lines part."""
    parts = [" ".join(part.split()) for part in plain.split("\n\n") if part.strip()]
    return "\n.PP\n".join(map(text, parts))


def items(pairs: Sequence[tuple[str, str]]) -> str:
    """Terms, which are roff already, each with its text below it."""
    return "\n".join(f".TP\n{term}\n{text(' '.join(said.split()))}" for term, said in pairs)


def literal(lines: Sequence[str]) -> str:
    """Lines as they stand, in the font of a terminal."""
    return "\n".join([".PP", ".nf", ".RS", *(escape(line) for line in lines), ".RE", ".fi"])
