"""How text from files is made harmless: it is shown in every output and acts in none."""

from __future__ import annotations

import html
import re
import unicodedata

_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  # spreadsheets take the full-width forms for formulas, too
_MARKUP = re.compile(r"([\\`*\[\]|~$#!]|(?<!\w)_|_(?!\w))")
_CODE = re.compile(r"`([^`]+)`")


def plain(text: str) -> str:
    """One line without control, direction or other invisible characters; spaces stand for line ends and tabs."""
    return "".join(map(_visible, " ".join(text.split())))


def markdown(text: str) -> str:
    """Text that Markdown and HTML show as it is, in a table cell or elsewhere."""
    return _as_it_is(plain(text))


def prose(text: str) -> str:
    """The same, but what stands between backticks is a code span, as in the texts of scenario files."""
    parts = _CODE.split(plain(text))
    return "".join(code(part) if number % 2 else _as_it_is(part) for number, part in enumerate(parts))


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


def _as_it_is(line: str) -> str:
    return _MARKUP.sub(r"\\\1", html.escape(line, quote=False))


def _visible(character: str) -> str:
    return (
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} else character
    )
