"""The command line: arguments to calls. The only printing and the only exit codes are here."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from harness.cli import (
    ablating,
    asking,
    auditing,
    calibrating,
    checking,
    contrasting,
    driving,
    examining,
    hosting,
    piloting,
    reporting,
    reproducing,
    running,
)
from harness.cli.output import ExitCode, complain
from harness.errors import ContractError, RematchError

_ENDED = {
    signal.SIGHUP: ExitCode.HUNG_UP,
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}

app = typer.Typer(
    name="bench",
    help="Rematch gives published framework comparisons a rematch under fair rules.",
    epilog=(
        "Examples:\n\n"
        "./bench run --quick    see it work, in under a minute of measuring\n\n"
        "./bench run    measure the fair line-up: under ten minutes\n\n"
        "./bench run --contenders flask@gthread --contenders flask@gevent    compare what you like\n\n"
        "Exit codes: 0 done, 1 a finding, 2 usage or tool error, 3 undecided (a number is UNSETTLED), "
        "4 invalid (a number is INVALID); ended by a signal: 129 hung up, 130 interrupted, 143 terminated."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(running.run)
app.command("ablate")(ablating.ablate)
app.command("report")(reporting.report)
app.command("pilot")(piloting.pilot)
app.command("calibrate")(calibrating.calibrate)
app.command("compare")(contrasting.compare)
app.command("audit")(auditing.audit)
app.command("reproduce")(reproducing.reproduce)
app.command("list")(asking.list_)
app.command("verify")(asking.verify)
app.command("doctor")(examining.doctor)
app.command("serve")(asking.serve)
app.command("drive")(driving.drive)
app.add_typer(hosting.host, name="host")
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(checking.test)


def main() -> NoReturn:
    """Run the command line and exit with the code that says how it went."""
    if sys.platform == "win32":
        complain("Rematch runs on Linux, macOS and WSL2, not on native Windows.")
        sys.exit(ExitCode.ERROR)
    for number in _ENDED:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's job in the background
            signal.signal(number, _end)
    try:
        app(prog_name="./bench")
    except ContractError as error:
        complain(error.message, error.hint)
        sys.exit(ExitCode.FINDING)
    except RematchError as error:
        complain(error.message, error.hint)
        sys.exit(ExitCode.ERROR)
    except OSError as error:  # standard output that is full, or that nobody reads any more
        _give_up_output()
        complain(f"{error.strerror or error}", "What was measured is kept in the run's folder.")
        sys.exit(ExitCode.ERROR)
    sys.exit(ExitCode.DONE)


def _give_up_output() -> None:
    """Let what could not be written go, or Python would try again at its end and print a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through every context that is open, so that nothing stays behind."""
    sys.exit(_ENDED[signal.Signals(number)])
