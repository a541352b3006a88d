"""How text from files is made harmless: it is shown in every output and acts in none."""

from __future__ import annotations

import html
import re
import unicodedata

_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  # spreadsheets take the full-width forms for formulas, too
_MARKUP = re.compile(r"([\\`*\[\]|~$#!]|(?<!\w)_|_(?!\w))")


def plain(text: str) -> str:
    """One line without control, direction or other invisible characters; spaces stand for line ends and tabs."""
    return "".join(map(_visible, " ".join(text.split())))


def markdown(text: str) -> str:
    """Text that Markdown and HTML show as it is, in a table cell or elsewhere."""
    return _MARKUP.sub(r"\\\1", html.escape(plain(text), quote=False))


def code(text: str) -> str:
    """A Markdown code span, which neither ends early nor splits a table cell."""
    shown = plain(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def csv_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: one that looks like it gets a leading apostrophe."""
    shown = plain(text)
    return f"'{shown}" if text[:1] == "\t" or shown.startswith(_FORMULA) else shown


def _visible(character: str) -> str:
    return (
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} else character
    )
