"""`./bench test`: format, lint, types, layers, tests, the same on a laptop and in CI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import typer

from harness.catalog import ROOT
from harness.cli.output import ExitCode, note

_USUALLY = "not machines and not fuzz and not browser and not deployments and not series"
_CHECKS = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary"],
    "layers": ["lint-imports", "--no-cache", "--no-logo"],
    # Most tests wait most of the time, so three go at once; a file's tests stay together, for they share what is dear.
    "tests": [
        "pytest",
        "-q",
        "-m",
        f"not alone and {_USUALLY}",
        "-n",
        "3",
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
    ],
    "tests that time something": ["pytest", "-q", "-m", f"alone and {_USUALLY}"],
}


def test(context: typer.Context) -> None:
    """Check format, lint, types, layers and tests. What follows -- goes to pytest: ./bench test -- -k store.

    With arguments for pytest only pytest is run, and one test at a time.
    """
    checks = {"tests": ["pytest", "-q", *context.args]} if context.args else _CHECKS
    failed = [name for name, command in checks.items() if not _passes(name, command)]
    if failed:
        note(f"failed: {', '.join(failed)}")
        raise typer.Exit(ExitCode.FINDING)


def _passes(name: str, command: list[str]) -> bool:
    note(f"{name} ...")
    program, *arguments = command
    beside_python = Path(sys.executable).parent / program
    return subprocess.run([beside_python, *arguments], cwd=ROOT, check=False).returncode == 0
