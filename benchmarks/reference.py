"""Keeps a run as a reference run: without its logs, without what a report makes again, without paths and addresses."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from pathlib import Path

from harness import store
from harness.catalog import ROOT
from harness.cli import steps
from harness.staleness import REFERENCE

_MADE_AGAIN = ("*.png", "slices.csv")  # by ./bench report
_PATHS = {
    r'"/[^"]*/(\.environments/|logs/)': r'"./\1',
    r'"/[^"]*/(python[\d.]*)"': r'"\1"',
    r'"--out",\s*"[^"]*"': f'"--out", "{REFERENCE.as_posix()}"',
}
_NOBODYS = {"127.0.0.1", "::1", "localhost"}
_HOMES = ("/home", "/root", "/tmp")


def main() -> None:
    """Copy it, clean it, and derive from the copy what follows from it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of a run, or of a matrix")
    parser.add_argument("name", help="what it is kept as, in results/reference: fair, article, between, scenarios")
    options = parser.parse_args()
    keep(options.run, ROOT / REFERENCE / options.name)


def keep(run: Path, folder: Path) -> None:
    """Keep a copy of a run as `folder`, in the place of what was there. Raises OSError and StoreError."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        made = Path(aside) / folder.name
        _copy(run, made)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def _copy(run: Path, folder: Path) -> None:
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns("logs", "charts", *_MADE_AGAIN))
    for path in [*folder.rglob("run.json"), *folder.rglob("outcomes.jsonl")]:
        path.write_text(clean(path.read_text(encoding="utf-8")), encoding="utf-8")
    parts = store.parts(folder)
    derive = steps.derive_several if parts else steps.derive
    derive(folder, folder)
    for path in [path for pattern in _MADE_AGAIN for path in folder.rglob(pattern)]:
        path.unlink()
    for part in parts:
        _without_charts(part)


def _without_charts(part: Path) -> None:
    """Those of a part of a matrix are large, and the matrix has one of its own."""
    shutil.rmtree(part / "charts")
    report = part / "report.md"
    lines = report.read_text(encoding="utf-8").splitlines(keepends=True)
    report.write_text("".join(line for line in lines if not line.startswith("<picture>")), encoding="utf-8")


def clean(text: str) -> str:
    """JSON without the folders and the addresses of the machines that it speaks of. Raises SystemExit."""
    for pattern, instead in _PATHS.items():
        text = re.sub(pattern, instead, text)
    for address in set(re.findall(r'"host":\s*"([^"]+)"', text)) - _NOBODYS:
        text = re.sub(rf"(?<![\w.:]){re.escape(address)}(?![\w.])", "HOST", text)
    homes = "|".join(map(re.escape, (json.dumps(str(Path.home()))[1:-1], *_HOMES)))
    found = re.search(rf'"[^"]*(?<![\w.])({homes})/[^"]*"', text)
    if found:
        raise SystemExit(f"a path of this machine is left, add it to benchmarks/reference.py: {found[0]}")
    return text


if __name__ == "__main__":
    main()
