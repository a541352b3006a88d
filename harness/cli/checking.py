"""`./bench test`: format, lint, types, layers, tests, the same on a laptop and in CI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import typer

from harness.catalog import ROOT
from harness.cli.output import ExitCode, note

_CHECKS = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary"],
    "layers": ["lint-imports", "--no-cache", "--no-logo"],
}


def test(context: typer.Context) -> None:
    """Check format, lint, types, layers and tests. What follows -- goes to pytest: ./bench test -- -k store.

    With arguments for pytest only pytest is run.
    """
    failed = [] if context.args else [name for name, command in _CHECKS.items() if not _passes(name, command)]
    if not _passes("tests", ["pytest", "-q", *context.args]):
        failed.append("tests")
    if failed:
        note(f"failed: {', '.join(failed)}")
        raise typer.Exit(ExitCode.FINDING)


def _passes(name: str, command: list[str]) -> bool:
    note(f"{name} ...")
    program, *arguments = command
    beside_python = Path(sys.executable).parent / program
    return subprocess.run([beside_python, *arguments], cwd=ROOT, check=False).returncode == 0
