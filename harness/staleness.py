"""Says which committed results were made by other code than today's, and what to do: measure again, or only derive."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness import provenance

REFERENCE = Path("results") / "reference"
LINES = (Path("results") / "ledger.jsonl", Path("results") / "occasions.jsonl")
"""Files of which each line is a result of its own, with the digests of the code that made it."""

_DERIVING = frozenset({"deriving"})


class Made(NamedTuple):
    """Digests of what a result was made with, and the command that made it; None: it was not kept."""

    digests: Mapping[str, str]
    command: str | None


def stale(root: Path, is_derived: Callable[[Path], bool]) -> Iterator[str]:
    """A sentence for every committed result of a checkout that is older than its code.

    `is_derived` tells whether what follows from a run was derived by today's code.
    """
    for head in sorted((root / REFERENCE).glob("**/run.json")):
        yield from _stale_run(root, head.parent, is_derived)
    for path in LINES:
        yield from _stale_lines(root, path)


def _stale_run(root: Path, folder: Path, is_derived: Callable[[Path], bool]) -> Iterator[str]:
    where = folder.relative_to(root).as_posix()
    made = _made((folder / "run.json").read_text(encoding="utf-8"))
    if made is None:
        yield f"{where}: its run.json does not say with what it was made."
        return
    differing = _differing(root, made)
    if differing - _DERIVING:
        again = made.command or "its command was not kept, CONTRIBUTING.md says how"
        yield f"{where}: measured by other code than today's ({_listed(differing)}): measure again: {again}"
    elif differing and not is_derived(folder):
        whole = (REFERENCE / folder.relative_to(root / REFERENCE).parts[0]).as_posix()  # several runs, or this one
        yield f"{where}: derived by other code than today's, measured by the same: ./bench report {whole}"


def _stale_lines(root: Path, path: Path) -> Iterator[str]:
    """What a line says was derived when it was written: other deriving code makes it stale, too."""
    if not (root / path).is_file():
        return
    made = [one for line in (root / path).read_text(encoding="utf-8").splitlines() if (one := _made(line))]
    found = [(differing, one) for one in made if (differing := _differing(root, one))]
    if found:
        names = _listed({name for differing, _ in found for name in differing})
        commands = " and ".join(dict.fromkeys(one.command for _, one in found if one.command)) or "not kept"
        yield (
            f"{path.as_posix()}: {len(found)} of {len(made)} lines made by other code than today's ({names}): "
            f"make them again: {commands}"
        )


def _made(text: str) -> Made | None:
    """From JSON with the digests of its making, in one mapping or beside the rest; None from any other text."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:  # a last line that was cut off
        return None
    digests = found.get("digests", found) if isinstance(found, dict) else {}
    if not isinstance(digests, dict) or not isinstance(digests.get("measuring"), str):
        return None
    return Made({name: one for name, one in digests.items() if isinstance(one, str)}, _command(found.get("command")))


def _command(words: Any) -> str | None:
    """As it is typed; a file keeps it as its words, or whole."""
    return shlex.join(("./bench", *map(str, words))) if isinstance(words, list) else words or None


def _differing(root: Path, made: Made) -> set[str]:
    """Names of the digests that are others today; what this checkout does not hold cannot be compared."""
    today = provenance.today(root, made.digests)
    return {name for name, digest in made.digests.items() if today[name] not in {None, digest}}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
