"""The command line: arguments to calls. The only printing and the only exit codes are here."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from harness.cli import asking, checking, driving, reporting, running
from harness.cli.output import ExitCode, complain
from harness.errors import ContractError, RematchError

app = typer.Typer(
    name="bench",
    help="Rematch gives published framework comparisons a rematch under fair rules.",
    epilog=(
        "Examples:\n\n"
        "./bench run --quick    see it work, in under a minute of measuring\n\n"
        "./bench run    measure the fair line-up: about five minutes\n\n"
        "./bench run --contenders flask@gthread --contenders flask@gevent    compare what you like\n\n"
        "Exit codes: 0 done, 1 a finding, 2 usage or tool error, 3 undecided, 4 invalid, 130 interrupted."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(running.run)
app.command("report")(reporting.report)
app.command("list")(asking.list_)
app.command("verify")(asking.verify)
app.command("doctor")(asking.doctor)
app.command("serve")(asking.serve)
app.command("drive")(driving.drive)
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(checking.test)


def main() -> NoReturn:
    """Run the command line and exit with the code that says how it went."""
    if sys.platform == "win32":
        complain("Rematch runs on Linux, macOS and WSL2, not on native Windows.")
        sys.exit(ExitCode.ERROR)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    try:
        app(prog_name="./bench")
    except ContractError as error:
        complain(error.message, error.hint)
        sys.exit(ExitCode.FINDING)
    except RematchError as error:
        complain(error.message, error.hint)
        sys.exit(ExitCode.ERROR)
    sys.exit(ExitCode.DONE)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through every context that is open, so that nothing stays behind."""
    sys.exit(128 + number)
